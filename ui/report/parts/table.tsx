import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';

export interface Column<Row> {
  head: string;
  /** What the head means, in half a sentence. */
  what?: string;
  cell: (row: Row) => ComponentChildren;
  right?: boolean;
  wide?: boolean;
  /** One of several on one line where it is narrow. */
  minor?: boolean;
  /** Rows may be put in this order; without a value they stand last. */
  by?: (row: Row) => number | string | null;
}

interface Props<Row> {
  caption: string;
  columns: Column<Row>[];
  rows: Row[];
  strong?: (row: Row) => boolean;
  /** Rows shown until more are asked for; print has all. */
  most?: number;
}

interface Order {
  column: number;
  down: boolean;
}

function ordered<Row>(rows: Row[], columns: Column<Row>[], order: Order | null): Row[] {
  const by = order && columns[order.column]?.by;
  if (!by) return rows;
  const sign = order.down ? -1 : 1;
  return [...rows].sort((a, b) => {
    const [x, y] = [by(a), by(b)];
    if (x === null || y === null) return x === y ? 0 : x === null ? 1 : -1;
    return x === y ? 0 : x < y ? -sign : sign;
  });
}

/** A table whose rows become cards where it is narrow. The roles keep it a table for a screen reader then, too. */
export function Table<Row>({ caption, columns, rows, strong, most = Infinity }: Props<Row>) {
  const [order, set_order] = useState<Order | null>(null);
  const [all, set_all] = useState(false);
  const turn = (column: number) => set_order({ column, down: order?.column === column ? !order.down : false });
  const sorted = (column: number) => (order?.column === column ? (order.down ? 'descending' : 'ascending') : 'none');
  return (
    <div class="table">
      <table role="table" aria-label={caption}>
        <thead role="rowgroup">
          <tr role="row">
            {columns.map((column, i) => (
              <th key={column.head} role="columnheader" scope="col" class={`${column.right ? 'right' : ''} ${column.by ? '' : 'unsorted'}`} {...(column.by && { 'aria-sort': sorted(i) })}>
                {column.by ? (
                  <button type="button" class="sort" onClick={() => turn(i)}>
                    {column.head}
                    <span class="sort-mark" aria-hidden="true" />
                  </button>
                ) : (
                  column.head
                )}
                {column.what && <span class="sub">{column.what}</span>}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {ordered(rows, columns, order).map((row, i) => (
            <tr key={i} role="row" class={`${strong?.(row) ? 'row-strong' : ''} ${i >= most && !all ? 'row-more' : ''}`}>
              {columns.map((column) => (
                <td key={column.head} role="cell" data-head={column.head} class={`${column.right ? 'right' : ''} ${column.wide ? 'wide' : ''} ${column.minor ? 'minor' : ''}`}>
                  <div class="cell-inner">{column.cell(row)}</div>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > most && (
        <button type="button" class="button screen-only" aria-expanded={all} onClick={() => set_all(!all)}>
          {all ? `Show the first ${most}` : `Show all ${rows.length}`}
        </button>
      )}
    </div>
  );
}
