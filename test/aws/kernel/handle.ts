import { AwsError, Unsupported } from './errors.ts';
import { type Effect, errorOf } from './faults.ts';
import type { Entry } from './journal.ts';
import { type Call, isMutating, type Operation, type Output, type Service, type Web } from './operation.ts';
import { cbor } from './protocols/cbor.ts';
import { json } from './protocols/json.ts';
import { ec2, query } from './protocols/query.ts';
import { restJson } from './protocols/rest-json.ts';
import { restXml } from './protocols/rest-xml.ts';
import type { Answer, Decoded, Protocol, Request } from './protocols/wire.ts';
import { ShapeError } from './shape.ts';
import { readSignature } from './signature.ts';
import type { Violation, World } from './world.ts';

/** An answer, or the connection dropped without one. */
export type Outcome = (Answer & { cut?: Extract<Effect, { cut: number }> }) | 'drop';

/** A request whose operation is known, and who makes it. */
interface Exchange {
  world: World;
  service: Service<unknown>;
  decoded: Decoded;
  call: Call<unknown>;
  entry: Entry;
  refuse(error: AwsError): Answer;
}

/** One request through the double: whose it is, what may happen to it, what the service says. */
export async function handle(world: World, request: Request): Promise<Outcome> {
  if (world.faults.stopped) return 'drop';
  const web = world.services.find((each) => each.web?.takes(request));
  if (web?.web) return await handleWeb(world, web, web.web, request);
  const { service: name } = readSignature(request);
  const service = world.services.find((each) => each.signedAs.includes(name));
  if (!service) {
    const message = `the double has no service signed as "${name}"`;
    world.violations.push({ kind: 'unsupported', service: name, operation: '?', message });
    return { status: 501, headers: {}, body: Buffer.from(message) };
  }
  const protocol = protocolOf(request, service);
  const requestId = world.ids.uuid();
  let exchange: Exchange;
  try {
    const decoded = protocol.decode(request, service);
    const call = callOf(world, request, service, requestId);
    const entry = record(call, service, decoded);
    const refuse = (error: AwsError) => {
      entry.status = error.status;
      entry.error = error.code;
      return protocol.failure(error, service, requestId);
    };
    exchange = { world, service, decoded, call, entry, refuse };
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
  return await withFaults(exchange, () => serve(exchange, protocol));
}

/** A request that is no API call; in the journal it stands under the IAM action that it needs. */
async function handleWeb(
  world: World,
  service: Service<unknown>,
  web: Web<unknown>,
  request: Request,
): Promise<Outcome> {
  let entry: Entry | undefined;
  const refuse = (error: AwsError) => {
    const answer = web.failure(error);
    if (entry) Object.assign(entry, { status: answer.status, error: error.code });
    return answer;
  };
  const orRefuse = (error: unknown, operation = '?') => {
    if (error instanceof AwsError) return refuse(error);
    const message = messageOf(error);
    world.violations.push({ kind: 'unsupported', service: service.id, operation, message });
    return refuse(beyondDouble(message));
  };
  try {
    const { principal, account, region, operation, resource } = web.open(world, request);
    const call: Call<unknown> = {
      world,
      state: world.state(service, account, region),
      region,
      account,
      principal,
      requestId: world.ids.uuid(),
      origin: `http://${request.headers.host ?? ''}`,
      now: () => world.clock.date(),
    };
    const { method, path, query } = request;
    const made = record(call, service, {
      operation,
      input: { method, path, query: Object.fromEntries(query) },
    });
    entry = made;
    return await withFaults({ world, service, entry: made, refuse }, async () => {
      try {
        const permitted = world.permits(principal, made.action, resource);
        if (permitted !== true) throw service.denied(permitted);
        const answer = web.serve(call, request);
        made.status = answer.status;
        return answer;
      } catch (error) {
        return orRefuse(error, operation.name);
      }
    });
  } catch (error) {
    return orRefuse(error);
  }
}

async function withFaults(
  exchange: Pick<Exchange, 'world' | 'service' | 'entry' | 'refuse'>,
  run: () => Promise<Answer>,
): Promise<Outcome> {
  const { world, service, entry, refuse } = exchange;
  const { effects, stop } = world.faults.next({ ...entry });
  if (stop === 'before') return stopHere(world);
  await latency(effects);
  if (effects.some((effect) => 'reset' in effect)) return 'drop';
  const fault = effects.map((effect) => errorOf(effect, service)).find((error) => error !== undefined);
  const answer = fault ? refuse(fault) : await run();
  if (stop === undefined && !world.faults.stopped && !effects.some((effect) => 'lostAnswer' in effect)) {
    const cut = effects.find((effect) => 'cut' in effect);
    return cut ? { ...answer, cut } : answer;
  }
  // A stop that came while this call was under way takes its answer with it.
  entry.status = 0;
  return stop === 'after' ? stopHere(world) : 'drop';
}

function stopHere(world: World): Outcome {
  world.faults.announceStop();
  return 'drop';
}

function callOf(world: World, request: Request, service: Service<unknown>, requestId: string): Call<unknown> {
  const { accessKeyId, token, region, expires } = readSignature(request);
  if (expires !== undefined && world.clock.now() >= expires) {
    throw new AwsError('AccessDenied', 'Request has expired', { status: 403 });
  }
  const principal = world.principals.find(accessKeyId, token, world.clock.date());
  return {
    world,
    state: world.state(service, principal.account, region),
    region,
    account: principal.account,
    principal,
    requestId,
    origin: `http://${request.headers.host ?? ''}`,
    now: () => world.clock.date(),
  };
}

function record(
  call: Call<unknown>,
  service: Service<unknown>,
  {
    operation,
    input,
  }: { operation: Pick<Operation<unknown>, 'name' | 'access' | 'action' | 'mutating'>; input: unknown },
): Entry {
  const { journal, clock } = call.world;
  const entry: Entry = {
    n: journal.entries.length + 1,
    time: clock.date(),
    service: service.id,
    operation: operation.name,
    action: `${service.id}:${operation.action ?? operation.name}`,
    access: operation.access,
    mutating: isMutating(operation),
    input,
    region: call.region,
    account: call.account,
    principal: call.principal.arn,
    ...(call.principal.role !== undefined && { role: call.principal.role }),
    status: 0,
    requestId: call.requestId,
  };
  journal.entries.push(entry);
  return entry;
}

async function serve(exchange: Exchange, protocol: Protocol): Promise<Answer> {
  const { world, service, decoded, call, entry, refuse } = exchange;
  const { operation, input: raw, text } = decoded;
  try {
    const input = operation.input.read(raw, '', text);
    entry.input = input;
    const resource = operation.resource?.(input as Record<string, unknown>, call) ?? '*';
    const permitted = world.permits(call.principal, entry.action, resource);
    if (permitted !== true) throw service.denied(permitted);
    if (entry.mutating) world.rememberTagged(call.account, call.region);
    const output = (await operation.run(call, input)) as Output;
    const answer = protocol.answer(output, decoded, service, call.requestId);
    entry.status = answer.status;
    return answer;
  } catch (error) {
    if (error instanceof AwsError) return refuse(error);
    if (!(error instanceof ShapeError) || error.problem.kind === 'unknown') {
      violation(exchange, 'unsupported', messageOf(error));
      return refuse(beyondDouble(messageOf(error)));
    }
    violation(exchange, 'model', error.message);
    return refuse(service.invalid(error.problem));
  }
}

function violation({ world, service, decoded }: Exchange, kind: Violation['kind'], message: string): void {
  world.violations.push({ kind, service: service.id, operation: decoded.operation.name, message });
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

function protocolOf(request: Request, service: Service<unknown>): Protocol {
  const { wires } = service;
  if (request.headers['smithy-protocol'] === 'rpc-v2-cbor' && wires.includes('cbor')) return cbor;
  if (request.headers['x-amz-target'] !== undefined && wires.includes('json')) return json;
  if (wires.includes('rest-xml')) return restXml;
  if (wires.includes('rest-json')) return restJson;
  return wires.includes('ec2') ? ec2 : query;
}
