/** Something that has to wait for others. */
interface Ordered<Item> {
  readonly after: readonly Item[];
}

/**
 * Visits every item once, as many side by side as their order allows: each after those of its `after` that are among
 * the items, or, `reverse`, before them. The first failure starts nothing more; what runs is waited for, because a call
 * that was sent can't be taken back.
 *
 * @throws the first failure
 */
export async function runGraph<Item extends Ordered<Item>>(
  items: readonly Item[],
  visit: (item: Item) => Promise<void>,
  { reverse = false }: { reverse?: boolean } = {},
): Promise<void> {
  const waitsFor = new Map(items.map((item): [Item, Item[]] => [item, []]));
  for (const item of items) {
    for (const other of reachable(item, waitsFor)) {
      if (reverse) waitsFor.get(other)?.push(item);
      else waitsFor.get(item)?.push(other);
    }
  }
  let failure: { error: unknown } | undefined;
  const started = new Map<Item, Promise<void>>();
  const start = (item: Item): Promise<void> => {
    const known = started.get(item);
    if (known !== undefined) return known;
    const visited = Promise.all((waitsFor.get(item) ?? []).map(start)).then(async () => {
      if (failure !== undefined) return;
      await visit(item).catch((error: unknown) => {
        failure ??= { error };
      });
    });
    started.set(item, visited);
    return visited;
  };
  await Promise.all(items.map(start));
  if (failure !== undefined) throw failure.error;
}

/** Those of the items that one waits for, also through others that are not among them. */
function reachable<Item extends Ordered<Item>>(from: Item, among: ReadonlyMap<Item, unknown>): Set<Item> {
  const found = new Set<Item>();
  const seen = new Set<Item>();
  const follow = ({ after }: Item) => {
    for (const other of after) {
      if (seen.has(other)) continue;
      seen.add(other);
      if (among.has(other)) found.add(other);
      else follow(other);
    }
  };
  follow(from);
  return found;
}
