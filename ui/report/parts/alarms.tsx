import { model_name, share } from '../names';
import type { Model, Program } from '../report';
import { prose, safe } from '../../src/words';
import { Section, Share } from './marks';
import { Tags, is_honest } from './programs';
import { Table } from './table';

const kWorst = 10;

const was_alerted = (program: Program): boolean => (program.alerted ?? 0) + (program.alerted_late ?? 0) > 0;

export function Alarms({ model, focus }: { model: Model; focus: string }) {
  const honest = model.programs.filter(is_honest);
  const worst = honest.slice(0, kWorst);
  const kinds = [...model.at_shipped.honest_by_category].sort((a, b) => (b.alerted.value ?? 0) - (a.alerted.value ?? 0));
  return (
    <Section id="alarms" number={5} title="The worst false alarms">
      <p class="lede">
        The honest programs that the {model_name(focus).toLowerCase()} comes nearest to calling miners, with what spoke most for mining where they scored highest: what a group of features added to the score, from 0 to 1.{' '}
        {honest.some(was_alerted) ? 'Those that were alerted in some repeat are orange.' : 'None of them was alerted.'}
      </p>
      <ol class="worst">
        {worst.map((program) => (
          <li key={program.program}>
            <div class="worst-head">
              <span class="strong wrap">{safe(program.program)}</span> <span class="weak">{safe(program.category)}</span> <Tags program={program} />
              <span class={`worst-level number ${was_alerted(program) ? 'alerted' : ''}`}>
                level {program.level === null ? '–' : program.level.toFixed(2)} · alerted {program.alerted === null ? '–' : share(program.alerted)}
                {program.alerted_late !== null && `, late ${share(program.alerted_late)}`}
              </span>
            </div>
            {program.why.length ? (
              <ul class="why">
                {program.why.map((why) => (
                  <li key={why} class="wrap">
                    {prose(why)}
                  </li>
                ))}
              </ul>
            ) : (
              <p class="weak">This kind of model gives no reasons.</p>
            )}
          </li>
        ))}
      </ol>
      {kinds.length > 0 && (
        <details class="printed">
          <summary>False positive rate by kind of program</summary>
          <Table
            caption="False positive rate by kind of program"
            rows={kinds}
            columns={[
              { head: 'Kind', cell: (row) => <span class="strong wrap">{safe(row.name)}</span> },
              { head: 'Seen from the start', cell: (row) => <Share figure={row.alerted} units={`n ${row.alerted.n}`} /> },
              { head: 'Seen late', cell: (row) => <Share figure={row.alerted_late} late /> },
            ]}
          />
        </details>
      )}
    </Section>
  );
}
