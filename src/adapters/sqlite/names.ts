import type { Connection } from './connection.ts';

/** Interned texts of one table: an id never changes its text, and none is ever removed, so both ways can be kept. */
export interface NameTable {
  /** The id of a text, which is added where it is new. */
  id(name: string): number;
  /** The id of a text that is there already. */
  find(name: string): number | undefined;
  name(id: number): string;
  /** After a transaction was rolled back: forgets the ids that it made. */
  forget(): void;
}

export function nameTable(connection: Connection, table: 'labels' | 'names'): NameTable {
  const ids = new Map<string, number>();
  const texts = new Map<number, string>();
  const keep = (name: string, id: number): number => {
    ids.set(name, id);
    texts.set(id, name);
    return id;
  };
  const find = (name: string): number | undefined => {
    const known = ids.get(name);
    if (known !== undefined) return known;
    const row = connection.row(`SELECT id FROM ${table} WHERE name = ?`, name);
    return row && keep(name, Number(row[0]));
  };
  return {
    find,
    id: (name) => {
      const known = find(name);
      if (known !== undefined) return known;
      return keep(
        name,
        Number(connection.row(`INSERT INTO ${table} (name) VALUES (?) RETURNING id`, name)?.[0]),
      );
    },
    name: (id) => {
      const known = texts.get(id);
      if (known !== undefined) return known;
      const row = connection.row(`SELECT json_quote(name) FROM ${table} WHERE id = ?`, id);
      const name = row ? (JSON.parse(row[0] as string) as string) : '';
      keep(name, id);
      return name;
    },
    forget: () => {
      ids.clear();
      texts.clear();
    },
  };
}
