import { model_name, plural, share_with_range, some, source_name } from '../names';
import type { Model, Of } from '../report';
import { safe } from '../../src/words';
import { Section, Share } from './marks';
import { Table } from './table';

/** Least found first, then by name. */
const hardest = (rows: Of[]): Of[] => [...rows].sort((a, b) => (a.alerted.value ?? 2) - (b.alerted.value ?? 2) || (a.name < b.name ? -1 : 1));

interface Props {
  title: string;
  rows: Of[];
  name?: (id: string) => string;
  what?: string;
  /** Whether a row may be of several. */
  families?: boolean;
}

function By({ title, rows, name = safe, what, families = true }: Props) {
  if (!rows.length) return null;
  return (
    <div class="by">
      <h3>{title}</h3>
      {what && <p class="note">{what}</p>}
      <Table
        caption={title}
        rows={hardest(rows)}
        columns={[
          {
            head: 'Name',
            cell: (row) => (
              <>
                <span class="strong wrap">{name(row.name)}</span>
                <span class="sub wrap">{`${families ? `${plural(row.alerted.n, 'family', 'families')}, ` : ''}${plural(row.programs.length, 'program')}: ${some(row.programs, 2)}`}</span>
              </>
            ),
          },
          { head: 'Seen from the start', cell: (row) => <Share figure={row.alerted} /> },
          { head: 'Seen late', cell: (row) => <Share figure={row.alerted_late} late /> },
        ]}
      />
    </div>
  );
}

export function Recall({ model, focus }: { model: Model; focus: string }) {
  const { at_shipped: at } = model;
  const twins = at.false_positive_rate_twins;
  return (
    <Section id="recall" number={3} title="Recall by kind of miner">
      <p class="lede">
        What the {model_name(focus).toLowerCase()} finds at the threshold it ships with, hardest first. <i>Seen late</i>: as if Davy had been started when the miner was already running, so that its
        start was not seen. One family alone has an interval from 2&nbsp;% or so to 100&nbsp;%, whatever came out.
      </p>
      <div class="bys">
        <By title="By family" rows={at.by_family} families={false} />
        <By title="By core" rows={at.by_core} what="The hashing core (algorithm and code) that miners share, where it is known." />
        <By title="By source" rows={at.by_source} name={source_name} what="Miners of our own are in it." />
        <By title="By trick" rows={at.by_trick} what="What a miner did to hide. Miners of our own are in it." />
        <By title="Our own miners, by core" rows={at.own_by_core} />
      </div>
      <p class="note">
        {twins.n > 0
          ? `Twins, honest programs chosen because they look like a miner, ours among them: ${share_with_range(twins)} alerted, ${plural(twins.n, 'family', 'families')}.`
          : 'The data hold no twins, honest programs chosen because they look like a miner.'}
      </p>
    </Section>
  );
}
