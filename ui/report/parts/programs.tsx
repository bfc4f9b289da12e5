import { model_name, seconds, share } from '../names';
import type { Model, Point, Program } from '../report';
import { safe } from '../../src/words';
import { Section, Tag } from './marks';
import { Table, type Column } from './table';

type Threshold = Point['threshold'];

/** Where a level stands on the strip. */
const at = (value: number): string => `${(100 * Math.max(0, Math.min(1, value))).toFixed(1)}%`;

/** A program's level in each repeat against the thresholds of the folds. */
function Strip({ program, threshold }: { program: Program; threshold: Threshold }) {
  return (
    <span class="strip" aria-hidden="true">
      {threshold.low <= 1 && <span class="strip-range" style={{ left: at(threshold.low), right: `calc(100% - ${at(threshold.high)})` }} />}
      {threshold.median <= 1 && <span class="strip-threshold" style={{ left: at(threshold.median) }} />}
      {program.levels.map((level, i) => (
        <span key={i} class={level >= threshold.median ? 'strip-dot above' : 'strip-dot'} style={{ left: at(level) }} />
      ))}
    </span>
  );
}

export const Tags = ({ program }: { program: Program }) => (
  <>
    {program.own && <Tag>ours</Tag>} {program.twin && <Tag>twin</Tag>} {program.source === 'malware' && <Tag>as malware</Tag>}
  </>
);

function columns_of(threshold: Threshold, miner: boolean): Column<Program>[] {
  return [
    {
      head: 'Program',
      by: (row) => row.program.toLowerCase(),
      cell: (row) => (
        <>
          <span class="strong wrap">{safe(row.program)}</span> <Tags program={row} />
        </>
      ),
    },
    miner
      ? { head: 'Family, core', minor: true, by: (row) => row.family, cell: (row) => <span class="wrap weak">{safe(row.core && row.core !== row.family ? `${row.family}, ${row.core}` : row.family)}</span> }
      : { head: 'Kind', minor: true, by: (row) => row.category, cell: (row) => <span class="wrap weak">{safe(row.category)}</span> },
    {
      head: 'Alerted',
      what: 'of runs, repeats',
      right: true,
      minor: true,
      by: (row) => row.alerted,
      cell: (row) => <span class="number">{row.alerted === null ? '–' : share(row.alerted)}</span>,
    },
    {
      head: 'Late',
      what: 'the same, seen late',
      right: true,
      minor: true,
      by: (row) => row.alerted_late,
      cell: (row) => <span class="number">{row.alerted_late === null ? '–' : share(row.alerted_late)}</span>,
    },
    {
      head: 'Level',
      what: 'in each repeat; 0 to 1',
      wide: true,
      by: (row) => row.level,
      cell: (row) => (
        <span class="level">
          <span class="number">{row.level === null ? '–' : row.level.toFixed(2)}</span>
          <Strip program={row} threshold={threshold} />
        </span>
      ),
    },
    { head: 'Time', minor: true, what: 'to the alert', right: true, by: (row) => row.seconds, cell: (row) => <span class="number">{row.seconds === null ? '–' : seconds(row.seconds)}</span> },
    { head: 'Runs', what: 'recorded', minor: true, right: true, by: (row) => row.runs, cell: (row) => <span class="number">{row.runs}</span> },
  ];
}

export const is_miner = (program: Program): boolean => program.label === 'miner';
/** Neither miner nor honest are the malicious that do not mine: they count nowhere. */
export const is_honest = (program: Program): boolean => program.label === 'benign';

export function Programs({ model, focus }: { model: Model; focus: string }) {
  const threshold = model.operating_points[0]?.threshold ?? { median: 2, low: 2, high: 2 };
  const miners = model.programs.filter(is_miner);
  const honest = model.programs.filter(is_honest);
  return (
    <Section id="programs" number={4} title="Program by program">
      <p class="lede">
        A program’s <i>level</i> is the highest threshold at which it would have been alerted by the {model_name(focus).toLowerCase()}, one dot a repeat of the split, seen from the start or late, whatever is higher. The line is the threshold
        it ships with
        {threshold.median <= 1 ? `, ${threshold.median.toFixed(2)} in the median of folds` : ': so high here that nothing is alerted'}; the shade behind it runs from the lowest fold’s to the
        highest’s. Dots at or above the line are orange. The share alerted is counted by each fold’s own threshold.
      </p>
      <h3>
        Miners <span class="h-note">{miners.length} programs, those that come nearest to being missed first</span>
      </h3>
      <Table caption="Miners, program by program" rows={miners} columns={columns_of(threshold, true)} most={16} />
      <h3>
        Honest programs <span class="h-note">{honest.length} programs, those that come nearest to an alert first</span>
      </h3>
      <Table caption="Honest programs, program by program" rows={honest} columns={columns_of(threshold, false)} most={16} />
    </Section>
  );
}
