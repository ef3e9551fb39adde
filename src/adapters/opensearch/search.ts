import { RekbackError } from '../../runtime/errors.ts';
import type { SearchRequest, SearchResult } from '../../runtime/ports.ts';
import type { IndexClient } from './client.ts';
import { allOf, below, type Filter, matching, TOP_CONFIDENCE } from './compile.ts';
import { labelsOf, type Source } from './document.ts';
import { answerFailure, explain, type Failure } from './errors.ts';
import { indexNames } from './mapping.ts';
import { ranked } from './rank.ts';

/**
 * Images that score less are only asked for where these do not suffice. Of a common label a tenth has such confidences, and all
 * others need not be read.
 */
const FIRST_BAND = 90;

/** index.max_result_window is 10,000; what has 20 labels takes 1 KB in an answer. */
const MOST_AT_ONCE = 5_000;

/** Matches beyond are counted only where nothing but the count is asked for. */
const COUNTED = 10_000;

/** The place of the last image of a page. */
interface Place {
  score: number;
  key: string;
}

interface Hit extends Place {
  source: Source;
}

interface Answer {
  error?: unknown;
  status?: number;
  hits?: {
    total?: { value: number; relation: 'eq' | 'gte' };
    hits: { _score: number | null; _source: Source }[];
  };
}

export async function search(
  client: IndexClient,
  { stack, bucket }: { stack: string; bucket: string },
  request: SearchRequest,
): Promise<SearchResult> {
  const { query, minConfidence, prefix = '', limit } = request;
  const index = indexNames(stack).read;
  const scope: Filter[] = [{ term: { state: 'indexed' } }, ...(prefix === '' ? [] : [below(prefix)])];

  const countBody = {
    size: 0,
    track_total_hits: limit === 0 ? true : COUNTED,
    query: allOf([...scope, matching(query, minConfidence)]),
  };
  const pageBody = (size: number, lowest: number, after: Place | undefined) => {
    const { query: best, isConstant } = ranked(query, minConfidence, lowest);
    return {
      size,
      track_total_hits: false,
      query: {
        bool: {
          must: [isConstant ? { constant_score: { filter: best, boost: TOP_CONFIDENCE + 1 } } : best],
          filter: scope,
        },
      },
      // The key's own order is that of its bytes.
      sort: isConstant ? [{ key: 'asc' }] : [{ _score: 'desc' }, { key: 'asc' }],
      ...(after !== undefined && {
        search_after: isConstant ? [after.key] : [after.score + 1, after.key],
      }),
    };
  };
  const ask = async (bodies: readonly object[]): Promise<Answer[]> => {
    const lines = bodies.map((body) => `{"index":"${index}"}\n${JSON.stringify(body)}\n`).join('');
    const { responses } = (await client.ask({ method: 'POST', path: '/_msearch', lines })) as {
      responses: Answer[];
    };
    for (const { error, status = 200 } of responses) {
      if (error !== undefined) throw explainSearch(answerFailure(status, error), client.host);
    }
    return responses;
  };

  if (limit === 0) {
    const [count] = await ask([countBody]);
    return { ...totalOf(count), images: [] };
  }
  let place = request.after === undefined ? undefined : decodePlace(request.after);
  let total: Pick<SearchResult, 'total' | 'totalExact'> | undefined;
  const hits: Hit[] = [];
  let hasMore = true;
  while (hits.length < limit && hasMore) {
    // One more than wanted tells whether there is a next page.
    const size = Math.min(limit - hits.length, MOST_AT_ONCE) + 1;
    const from = place;
    const page = (lowest: number) => pageBody(size, lowest, from);
    const band = from !== undefined && from.score < FIRST_BAND ? 0 : FIRST_BAND;
    const [answer, count] = await ask(total === undefined ? [page(band), countBody] : [page(band)]);
    total ??= totalOf(count);
    let found = hitsOf(answer);
    const isAll =
      request.after === undefined && total.totalExact && hits.length + found.length >= total.total;
    if (found.length < size && band > 0 && !isAll) {
      const [whole] = await ask([page(0)]);
      found = hitsOf(whole);
    }
    hasMore = found.length === size;
    hits.push(...found.slice(0, size - 1));
    place = hits.at(-1);
  }
  const result: SearchResult = {
    ...(total ?? totalOf(undefined)),
    images: hits.map(({ source }) => ({
      bucket,
      key: source.key,
      size: source.size,
      lastModified: source.lastModified,
      labels: labelsOf(source),
    })),
  };
  if (hasMore && place !== undefined) result.next = encodePlace(place);
  return result;
}

function totalOf(answer: Answer | undefined): Pick<SearchResult, 'total' | 'totalExact'> {
  const { value = 0, relation = 'eq' } = answer?.hits?.total ?? {};
  return { total: value, totalExact: relation === 'eq' };
}

const hitsOf = (answer: Answer | undefined): Hit[] =>
  (answer?.hits?.hits ?? []).map(({ _score, _source }) => ({
    score: _score === null ? TOP_CONFIDENCE : _score - 1,
    key: _source.key,
    source: _source,
  }));

const encodePlace = ({ score, key }: Place): string => Buffer.from(`${score} ${key}`).toString('base64url');

function decodePlace(cursor: string): Place {
  const [, score, key] = /^(\d{1,3}) (.+)$/s.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  if (key !== undefined && Number(score) <= TOP_CONFIDENCE) return { score: Number(score), key };
  throw new RekbackError('cursor-invalid', `"${cursor}" is no place in a search's results`, {
    exitCode: 2,
    suggestions: ['Take "next" of the page before, as it is.'],
  });
}

/** `too_many_nested_clauses` and its like: the query itself is what OpenSearch does not take. */
function explainSearch(failure: Failure, host: string): unknown {
  if (failure.status !== 400) return explain(failure, host);
  return new RekbackError('query-too-large', `the index does not take this query: ${failure.message}`, {
    cause: failure,
    exitCode: 2,
    suggestions: ['use fewer labels, or wildcards that match fewer'],
  });
}
