import { ListVersionsCommand, type OpenSearchClient } from '@aws-sdk/client-opensearch';
import { RekbackError } from '../../runtime/errors.ts';

/**
 * The newest engine that the Region offers, as `OpenSearch_3.1`. Chosen once, when a stack is made: a newer one is the
 * operator's decision, because an upgrade can't be undone.
 *
 * @throws RekbackError `no-engine` for a Region without one; whatever AWS answers
 */
export async function chooseEngineVersion(client: OpenSearchClient): Promise<string> {
  const versions: Engine[] = [];
  let NextToken: string | undefined;
  do {
    const page = await client.send(new ListVersionsCommand({ MaxResults: 100, NextToken }));
    versions.push(...(page.Versions ?? []).flatMap((name) => engineOf(name) ?? []));
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  const [newest] = versions.sort((a, b) => b.major - a.major || b.minor - a.minor);
  if (newest === undefined) {
    const region = await client.config.region();
    throw new RekbackError('no-engine', `OpenSearch Service offers no version of OpenSearch in ${region}`, {
      suggestions: [
        'choose another Region with --region',
        'or give an OpenSearch of your own with --index-endpoint',
      ],
    });
  }
  return newest.name;
}

interface Engine {
  name: string;
  major: number;
  minor: number;
}

/** Undefined for other engines: `Elasticsearch_7.10`. */
function engineOf(name: string): Engine | undefined {
  const [, major, minor] = /^OpenSearch_(\d+)\.(\d+)$/.exec(name) ?? [];
  return major === undefined ? undefined : { name, major: Number(major), minor: Number(minor) };
}
