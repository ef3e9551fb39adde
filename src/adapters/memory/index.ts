import type { Document } from '../../runtime/contract.ts';
import type { IndexReader, IndexWriter, SearchRequest } from '../../runtime/ports.ts';
import type { ResolvedQuery } from '../../runtime/query/tree.ts';

/** An index in memory that does everything the obvious way: for tests, and what other indexes are compared with. */
export function openMemoryIndex(options: { bucket: string }): IndexWriter & IndexReader {
  const stored = new Map<string, { version: number; document: Document }>();
  const sorted = () => [...stored.values()].map(({ document }) => document).sort(byKey);
  return {
    lookUp: async (keys) =>
      keys.map((key) => {
        const found = stored.get(key);
        if (!found) return undefined;
        const { labels: _, ...document } = found.document;
        return { version: String(found.version), document };
      }),
    findByEtag: async (etag) =>
      sorted().find((document) => document.state === 'indexed' && document.etag === etag),
    write: async (writes) =>
      writes.map(({ document, expected }) => {
        const before = stored.get(document.key);
        if (expected !== (before && String(before.version))) return { result: 'conflict' };
        const labels = document.labels ?? before?.document.labels;
        if (document.bucket !== options.bucket || !labels)
          return { result: 'refused', detail: 'not of this index' };
        const version = (before?.version ?? 0) + 1;
        stored.set(document.key, { version, document: structuredClone({ ...document, labels }) });
        return { result: 'written' };
      }),
    search: async (request) => {
      const matches = sorted()
        .filter(({ state, key }) => state === 'indexed' && key.startsWith(request.prefix ?? ''))
        .map((document) => ({ document, score: score(request.query, document, request.minConfidence) }))
        .filter((match): match is { document: Document; score: number } => match.score !== undefined)
        .sort((a, b) => b.score - a.score || byKey(a.document, b.document));
      return { total: matches.length, totalExact: true, ...page(matches, request) };
    },
    vocabulary: async () => {
      const counts = new Map<string, number>();
      for (const { state, labels } of sorted()) {
        if (state !== 'indexed') continue;
        for (const { name } of labels) counts.set(name, (counts.get(name) ?? 0) + 1);
      }
      return counts;
    },
    get: async (key) => stored.get(key)?.document,
    scan: async function* ({ states, prefix, after }) {
      const found = sorted().filter(
        (document) =>
          (!states || states.includes(document.state)) &&
          document.key.startsWith(prefix ?? '') &&
          (after === undefined || compareBytes(document.key, after) > 0),
      );
      if (found.length > 0) yield found;
    },
    stats: async () => {
      const images = { indexed: 0, failed: 0, deleted: 0 };
      for (const { state } of sorted()) images[state]++;
      return { images, bytes: 0 };
    },
    close: async () => {},
  };
}

/** What the ranking in `runtime/query/tree.ts` says; `undefined` for no match. */
function score(query: ResolvedQuery, document: Document, minConfidence: number): number | undefined {
  switch (query.kind) {
    case 'labels': {
      const least = query.minConfidence ?? minConfidence;
      const matched = document.labels
        .filter(({ name, confidence }) => query.labels.includes(name) && confidence >= least)
        .map(({ confidence }) => confidence);
      return matched.length > 0 ? Math.max(...matched) : undefined;
    }
    case 'and': {
      const scores = query.parts.map((part) => score(part, document, minConfidence));
      return scores.reduce(
        (lowest, part) => (lowest === undefined || part === undefined ? undefined : Math.min(lowest, part)),
        100,
      );
    }
    case 'or': {
      const scores = query.parts
        .map((part) => score(part, document, minConfidence))
        .filter((part) => part !== undefined);
      return scores.length > 0 ? Math.max(...scores) : undefined;
    }
    case 'not':
      return score(query.part, document, minConfidence) === undefined ? 100 : undefined;
  }
}

function page(matches: { document: Document }[], { limit, after }: SearchRequest) {
  const from = after === undefined ? 0 : matches.findIndex(({ document }) => document.key === after) + 1;
  const images = matches.slice(from, from + limit).map(({ document }) => ({
    bucket: document.bucket,
    key: document.key,
    size: document.size,
    lastModified: document.lastModified,
    labels: document.labels,
  }));
  const last = images.at(-1);
  return last && matches.length > from + limit ? { images, next: last.key } : { images };
}

function byKey(a: Document, b: Document): number {
  return compareBytes(a.key, b.key);
}

function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
