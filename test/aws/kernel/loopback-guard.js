// Loaded by `node --import` into processes under test: dialling anything but this machine ends the process with code 97,
// so that no retry and no catch can hide it. Plain JavaScript, because Node 20 runs it as it is.
import dns from 'node:dns';
import { writeSync } from 'node:fs';
import net from 'node:net';

const LOOPBACK = /^(localhost|127(\.\d+){3}|::1|::ffff:127(\.\d+){3})$/i;

function refuse(host) {
  writeSync(2, `${host} is not loopback: the test must not reach it\n`);
  process.exit(97);
}

const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function (...given) {
  const [first, second] = Array.isArray(given[0]) ? given[0] : given;
  const isObject = typeof first === 'object' && first !== null;
  const isPath = isObject ? Boolean(first.path) : typeof first === 'string' && Number.isNaN(Number(first));
  const host = (isObject ? first.host : typeof second === 'string' ? second : undefined) ?? 'localhost';
  if (!isPath && !LOOPBACK.test(host)) refuse(host);
  return connect.apply(this, given);
};

const lookup = dns.lookup;
dns.lookup = (name, ...rest) => (LOOPBACK.test(name) ? lookup(name, ...rest) : refuse(name));
