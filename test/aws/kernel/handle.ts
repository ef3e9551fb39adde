import { AwsError, Unsupported } from './errors.ts';
import { type Effect, errorOf } from './faults.ts';
import type { Entry } from './journal.ts';
import { type Call, isMutating, type Operation, type Output, type Service } from './operation.ts';
import { cbor } from './protocols/cbor.ts';
import { json } from './protocols/json.ts';
import { ec2, query } from './protocols/query.ts';
import { restJson } from './protocols/rest-json.ts';
import { restXml } from './protocols/rest-xml.ts';
import type { Answer, Decoded, Protocol, Request } from './protocols/wire.ts';
import { ShapeError } from './shape.ts';
import type { Violation, World } from './world.ts';

/** An answer, or the connection dropped without one. */
export type Outcome = Answer | 'drop';

interface Signed {
  accessKeyId: string | undefined;
  region: string;
  service: string;
  token: string | undefined;
  /** When a presigned address runs out, in milliseconds since the epoch. */
  expires: number | undefined;
}

/** One request through the double: whose it is, what may happen to it, what the service says. */
export async function handle(world: World, request: Request): Promise<Outcome> {
  if (world.faults.stopped) return 'drop';
  const signed = readSignature(request);
  const service = world.services.find((each) => each.signedAs.includes(signed.service));
  if (!service) {
    const message = `the double has no service signed as "${signed.service}"`;
    world.violations.push({ kind: 'unsupported', service: signed.service, operation: '?', message });
    return { status: 501, headers: {}, body: Buffer.from(message) };
  }
  const protocol = protocolOf(request, service);
  const requestId = world.ids.uuid();
  let decoded: Decoded;
  try {
    decoded = protocol.decode(request, service);
  } catch (error) {
    if (error instanceof AwsError) return protocol.failure(error, service, requestId);
    world.violations.push({
      kind: 'unsupported',
      service: service.id,
      operation: '?',
      message: messageOf(error),
    });
    return protocol.failure(beyondDouble(messageOf(error)), service, requestId);
  }
  return new Exchange(world, request, service, protocol, decoded, signed, requestId).run();
}

class Exchange {
  readonly #world: World;
  readonly #request: Request;
  readonly #service: Service<unknown>;
  readonly #protocol: Protocol;
  readonly #decoded: Decoded;
  readonly #signed: Signed;
  readonly #requestId: string;

  constructor(
    world: World,
    request: Request,
    service: Service<unknown>,
    protocol: Protocol,
    decoded: Decoded,
    signed: Signed,
    requestId: string,
  ) {
    this.#world = world;
    this.#request = request;
    this.#service = service;
    this.#protocol = protocol;
    this.#decoded = decoded;
    this.#signed = signed;
    this.#requestId = requestId;
  }

  async run(): Promise<Outcome> {
    const { operation } = this.#decoded;
    let call: Call<unknown>;
    try {
      call = this.#call();
    } catch (error) {
      if (error instanceof AwsError) return this.#protocol.failure(error, this.#service, this.#requestId);
      throw error;
    }
    const entry = this.#record(call, operation);
    const { effects, stop } = this.#world.faults.next({ ...entry });
    if (stop === 'before') return this.#stopHere();
    await latency(effects);
    if (effects.some((effect) => 'reset' in effect)) return 'drop';
    const fault = effects.map(errorOf).find((error) => error !== undefined);
    const outcome = fault ? this.#failure(fault, entry) : await this.#serve(call, entry);
    if (stop === 'after') return this.#stopHere();
    // A stop that came while this call was under way takes its answer with it.
    if (this.#world.faults.stopped || effects.some((effect) => 'lostAnswer' in effect)) {
      entry.status = 0;
      return 'drop';
    }
    return outcome;
  }

  #stopHere(): Outcome {
    this.#world.faults.announceStop();
    return 'drop';
  }

  #call(): Call<unknown> {
    const { accessKeyId, token, region, expires } = this.#signed;
    const world = this.#world;
    if (expires !== undefined && world.clock.now() >= expires) {
      throw new AwsError('AccessDenied', 'Request has expired', { status: 403 });
    }
    const principal = world.principals.find(accessKeyId, token, world.clock.date());
    return {
      world,
      state: world.state(this.#service, principal.account, region),
      region,
      account: principal.account,
      principal,
      requestId: this.#requestId,
      origin: `http://${this.#request.headers.host ?? ''}`,
      now: () => world.clock.date(),
    };
  }

  #record(call: Call<unknown>, operation: Operation<unknown>): Entry {
    const { journal, clock } = this.#world;
    const entry: Entry = {
      n: journal.entries.length + 1,
      time: clock.date(),
      service: this.#service.id,
      operation: operation.name,
      action: `${this.#service.id}:${operation.action ?? operation.name}`,
      access: operation.access,
      mutating: isMutating(operation),
      input: this.#decoded.input,
      region: call.region,
      account: call.account,
      principal: call.principal.arn,
      ...(call.principal.role !== undefined && { role: call.principal.role }),
      status: 0,
      requestId: this.#requestId,
    };
    journal.entries.push(entry);
    return entry;
  }

  async #serve(call: Call<unknown>, entry: Entry): Promise<Answer> {
    const { operation, input: raw, text } = this.#decoded;
    try {
      const input = operation.input.read(raw, '', text);
      entry.input = input;
      const resource = operation.resource?.(input as Record<string, unknown>, call) ?? '*';
      const permitted = this.#world.permits(call.principal, entry.action, resource);
      if (permitted !== true) throw this.#service.denied(permitted);
      if (entry.mutating) this.#world.rememberTagged(call.account, call.region);
      const output = (await operation.run(call, input)) as Output;
      const answer = this.#protocol.answer(output, this.#decoded, this.#service, this.#requestId);
      entry.status = answer.status;
      return answer;
    } catch (error) {
      if (error instanceof AwsError) return this.#failure(error, entry);
      if (!(error instanceof ShapeError) || error.problem.kind === 'unknown') {
        this.#violation('unsupported', messageOf(error));
        return this.#failure(beyondDouble(messageOf(error)), entry);
      }
      this.#violation('model', error.message);
      return this.#failure(this.#service.invalid(error.problem), entry);
    }
  }

  #violation(kind: Violation['kind'], message: string): void {
    const operation = this.#decoded.operation.name;
    this.#world.violations.push({ kind, service: this.#service.id, operation, message });
  }

  #failure(error: AwsError, entry: Entry): Answer {
    entry.status = error.status;
    entry.error = error.code;
    return this.#protocol.failure(error, this.#service, this.#requestId);
  }
}

/** The double's own refusal: no service answers like this. */
function beyondDouble(message: string): AwsError {
  return new AwsError('UnsupportedByDouble', message, { status: 501 });
}

function messageOf(error: unknown): string {
  if (error instanceof Unsupported || error instanceof ShapeError) return error.message;
  return error instanceof Error ? `the double failed: ${error.stack}` : String(error);
}

async function latency(effects: readonly Effect[]): Promise<void> {
  const ms = effects.reduce((sum, effect) => sum + ('latency' in effect ? effect.latency : 0), 0);
  if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
}

/** `Credential=KEY/DATE/REGION/SERVICE/aws4_request`, in the header or, presigned, in the query. */
function readSignature(request: Request): Signed {
  const header = request.headers.authorization ?? '';
  const credential = /Credential=([^,\s]+)/.exec(header)?.[1] ?? request.query.get('X-Amz-Credential') ?? '';
  const [accessKeyId, , region = '', service = ''] = credential.split('/');
  return {
    accessKeyId: accessKeyId || undefined,
    region,
    service,
    token: request.headers['x-amz-security-token'] ?? request.query.get('X-Amz-Security-Token') ?? undefined,
    expires: expiryOf(request.query),
  };
}

/** `X-Amz-Date` (`20260101T000000Z`) and `X-Amz-Expires` (seconds) of a presigned address. */
function expiryOf(query: URLSearchParams): number | undefined {
  const seconds = query.get('X-Amz-Expires');
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(query.get('X-Amz-Date') ?? '');
  if (seconds === null || !parts) return undefined;
  const [year = 0, month = 1, ...rest] = parts.slice(1).map(Number);
  return Date.UTC(year, month - 1, ...rest) + Number(seconds) * 1000;
}

function protocolOf(request: Request, service: Service<unknown>): Protocol {
  const { wires } = service;
  if (request.headers['smithy-protocol'] === 'rpc-v2-cbor' && wires.includes('cbor')) return cbor;
  if (request.headers['x-amz-target'] !== undefined && wires.includes('json')) return json;
  if (wires.includes('rest-xml')) return restXml;
  if (wires.includes('rest-json')) return restJson;
  return wires.includes('ec2') ? ec2 : query;
}
