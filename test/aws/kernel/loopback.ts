import dns from 'node:dns';
import net from 'node:net';

const LOOPBACK = /^(localhost|127(\.\d+){3}|::1|::ffff:127(\.\d+){3})$/i;

/** What was dialled though it is not this machine. */
export interface Dialled {
  hosts: string[];
  /** Throws when anything but loopback was dialled. */
  check(): void;
  /** Lets connections through again. */
  restore(): void;
}

/**
 * From now on this process can dial nothing but loopback: every other connection and name look-up fails before a packet
 * leaves, and is remembered. Call `check()` in `afterEach`.
 */
export function onlyLoopback(): Dialled {
  const hosts: string[] = [];
  const refuse = (host: string) => {
    hosts.push(host);
    return new Error(`${host} is not loopback: the test must not reach it`);
  };
  const connect = net.Socket.prototype.connect;
  const lookup = dns.lookup;
  net.Socket.prototype.connect = function (this: net.Socket, ...given: unknown[]) {
    const host = hostOf(given);
    if (host === undefined || LOOPBACK.test(host)) return Reflect.apply(connect, this, given);
    const error = refuse(host);
    // Not at once: TLS still prepares the socket that it has just asked to connect.
    setImmediate(() => this.destroy(error));
    return this;
  } as typeof connect;
  dns.lookup = ((name: string, ...rest: unknown[]) => {
    if (LOOPBACK.test(name)) return Reflect.apply(lookup, dns, [name, ...rest]);
    const callback = rest.at(-1);
    if (typeof callback === 'function') setImmediate(() => callback(refuse(name)));
  }) as typeof lookup;
  return {
    hosts,
    check() {
      if (hosts.length > 0) throw new Error(`dialled hosts that are not loopback: ${hosts.join(', ')}`);
    },
    restore() {
      net.Socket.prototype.connect = connect;
      dns.lookup = lookup;
    },
  };
}

/** The host that the arguments of `connect` name; undefined for a socket of the file system. */
function hostOf(given: unknown[]): string | undefined {
  const [first, second] = Array.isArray(given[0]) ? given[0] : given;
  if (typeof first === 'object' && first !== null) {
    const { path, host } = first as { path?: string; host?: string };
    return path ? undefined : (host ?? 'localhost');
  }
  if (typeof first === 'string' && Number.isNaN(Number(first))) return undefined;
  return typeof second === 'string' ? second : 'localhost';
}
