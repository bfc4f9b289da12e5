import { dot, line, plot } from '@observablehq/plot';
import { model_name, quantity, share } from '../names';
import { models_of, type Report } from '../report';
import { Chart, kShare, kStyle } from './chart';
import { Name, Section, colour_of } from './marks';
import { Table } from './table';

interface Bin {
  probability: number;
  miners: number;
  programs: number;
}

function draw_bins(width: number, bins: Bin[], focus: string) {
  const side = Math.min(width, 400);
  return plot({
    width: side,
    height: side * 0.92,
    marginLeft: 40,
    marginBottom: 42,
    marginRight: 16,
    style: kStyle,
    x: { ...kShare, label: 'Probability said, % →' },
    y: { ...kShare, label: '↑ Miners among them, %' },
    r: { range: [2, 16], domain: [0, Math.max(1, ...bins.map((bin) => bin.programs))] },
    marks: [
      line([[0, 0], [1, 1]], { stroke: 'var(--ink-3)', strokeDasharray: '3 3' }),
      line(bins, { x: 'probability', y: 'miners', stroke: colour_of(focus), strokeOpacity: 0.5 }),
      dot(bins, { x: 'probability', y: 'miners', r: 'programs', fill: colour_of(focus), fillOpacity: 0.35, stroke: colour_of(focus), strokeWidth: 1.5 }),
    ],
  });
}

const digits = (value: number | null): string => (value === null ? '–' : value.toFixed(3));

export function Calibration({ report, focus }: { report: Report; focus: string }) {
  const model = report.models[focus];
  if (!model) return null;
  const { calibration } = model.windows;
  const gap = calibration.mean_venn_abers_gap;
  return (
    <Section id="calibration" number={8} title="Whether probabilities mean what they say">
      <p class="lede">
        Of the windows that are said to be a miner’s with 70&nbsp;%, 70&nbsp;% should be. {model_name(focus)}, windows in ten bins by the probability said; the larger the circle, the more programs
        are in it. On the dashed line it would be right.
      </p>
      <div class="pair">
        <Chart
          title="Reliability"
          words={calibration.bins.map((bin) => `said ${share(bin.probability)}, true ${share(bin.miners)}, ${quantity(bin.programs)} programs`).join('; ')}
          of={[report, focus]}
          draw={(width) => draw_bins(width, calibration.bins, focus)}
        />
        <div>
          <Table
            caption="Calibration of all models"
            rows={models_of(report).map((name) => [name, report.models[name]!] as const)}
            strong={([name]) => name === focus}
            columns={[
              {
                head: 'Model',
                cell: ([name]) => <Name model={name} />,
              },
              { head: 'Brier score', what: 'mean squared error; 0 is best', right: true, cell: ([, one]) => <span class="number">{digits(one.windows.calibration.brier)}</span> },
              { head: 'Log loss', what: 'punishes being sure and wrong', right: true, cell: ([, one]) => <span class="number">{digits(one.windows.calibration.log_loss)}</span> },
              { head: 'Gap', what: 'Venn-Abers, mean', right: true, cell: ([, one]) => <span class="number">{digits(one.windows.calibration.mean_venn_abers_gap)}</span> },
            ]}
          />
          <p class="note">
            Who always said the mix of the test, {share(model.windows.prevalence)}, would have a Brier score of {digits(model.windows.prevalence * (1 - model.windows.prevalence))}. The{' '}
            <i>Venn-Abers gap</i> is how far the probability of a window would move between taking it for an honest one and taking it for a miner’s: wide where little like it was seen.
            {gap !== null && ` For this model it is ${(100 * gap).toFixed(1)} points in the mean over windows.`}
          </p>
          <details>
            <summary>The reliability diagram as a table</summary>
            <Table
              caption="Reliability"
              rows={calibration.bins}
              columns={[
                { head: 'Said', right: true, cell: (bin) => share(bin.probability) },
                { head: 'True', right: true, cell: (bin) => share(bin.miners) },
                { head: 'Weight', what: 'in programs', right: true, cell: (bin) => quantity(bin.programs) },
              ]}
            />
          </details>
        </div>
      </div>
    </Section>
  );
}
