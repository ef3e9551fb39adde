/** A message of the live queue, as far as it is needed. */
interface Message {
  messageId: string;
  body: string;
}

/** What Lambda takes as the answer to a batch: these messages come again, the others are done. */
interface BatchAnswer {
  batchItemFailures: { itemIdentifier: string }[];
}

/**
 * Reads one batch of the live queue. S3's own test messages are done with; every other message stays in the queue.
 */
export async function handler({ Records }: { Records: readonly Message[] }): Promise<BatchAnswer> {
  const failed = Records.filter(({ body }) => !isTestEvent(body));
  return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
}

/** S3 sends it when a notification is configured. */
function isTestEvent(body: string): boolean {
  try {
    return JSON.parse(body)?.Event === 's3:TestEvent';
  } catch {
    return false;
  }
}
