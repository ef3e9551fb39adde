// The process that a function runs in: takes events from its parent and sends the handler's answers back.
import { pathToFileURL } from 'node:url';

const loading = import(pathToFileURL(process.argv[2]).href);

process.on('message', async ({ event, requestId, timeout }) => {
  const deadline = Date.now() + timeout;
  const context = { awsRequestId: requestId, getRemainingTimeInMillis: () => deadline - Date.now() };
  try {
    const { handler } = await loading;
    process.send({ answer: (await handler(event, context)) ?? null });
  } catch (error) {
    process.send({ error: { name: error?.name ?? 'Error', message: error?.message ?? String(error) } });
  }
});
