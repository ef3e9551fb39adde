import { palette } from './colours.ts';
import { sanitise } from './sanitise.ts';

export interface Column<Row> {
  header: string;
  /** Foreign text may be given as it is. */
  cell: (row: Row) => string;
  align?: 'left' | 'right';
  /** What a cell loses where it doesn't fit; of a path both ends tell something. */
  cut?: 'middle' | 'end';
  /** Colours a cell, after it was cut and padded. */
  style?: (text: string, row: Row) => string;
}

export interface TableOptions {
  /** Columns of the terminal; `undefined` where there is none. */
  width?: number | undefined;
}

const GAP = '  ';
/** A column isn't cut below this, even where the table then does not fit. */
const NARROWEST = 6;

/**
 * Rows under a header, every line ending with a line break. The table is fitted to the terminal by cutting the widest
 * column. Without a terminal: no header, whole cells, one tab between them, for `cut` and `awk`.
 */
export async function renderTable<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  options: TableOptions = { width: process.stdout.isTTY ? process.stdout.columns : undefined },
): Promise<string> {
  const cells = rows.map((row) => columns.map((column) => sanitise(column.cell(row))));
  if (options.width === undefined) return cells.map((line) => `${line.join('\t')}\n`).join('');
  if (rows.length === 0) return '';
  const { cutEnd, cutMiddle, displayWidth } = await import('./width.ts');

  const widths = columns.map((column, index) =>
    Math.max(displayWidth(column.header), ...cells.map((line) => displayWidth(line[index] ?? ''))),
  );
  narrow(widths, options.width - GAP.length * (columns.length - 1));

  const { bold } = palette(process.stdout);
  const line = (texts: readonly string[], style: (text: string, column: Column<Row>) => string) =>
    columns
      .map((column, index) => {
        const width = widths[index] ?? 0;
        const text = (column.cut === 'end' ? cutEnd : cutMiddle)(texts[index] ?? '', width);
        const padding = ' '.repeat(Math.max(0, width - displayWidth(text)));
        if (column.align === 'right') return padding + style(text, column);
        return style(text, column) + (index === columns.length - 1 ? '' : padding);
      })
      .join(GAP);
  return [
    line(
      columns.map((column) => column.header),
      bold,
    ),
    ...rows.map((row, index) =>
      line(cells[index] ?? [], (text, column) => column.style?.(text, row) ?? text),
    ),
  ]
    .map((text) => `${text.trimEnd()}\n`)
    .join('');
}

/** Narrows the widest columns, evenly, until they fit. */
function narrow(widths: number[], room: number): void {
  for (let excess = widths.reduce((sum, width) => sum + width, 0) - room; excess > 0; excess--) {
    const widest = Math.max(...widths);
    if (widest <= NARROWEST) return;
    widths[widths.lastIndexOf(widest)] = widest - 1;
  }
}
