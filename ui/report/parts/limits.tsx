import { least_rate, says_nothing } from '../numbers';
import { minute, one_in, plural, quantity, range, share, split_name } from '../names';
import type { Report } from '../report';
import { list, prose } from '../../src/words';
import { Section } from './marks';

/** How many honest families, none of them alerted, could show a false positive rate. */
const needed = (rate: number): string => Math.ceil(Math.log(0.05) / Math.log(1 - rate)).toLocaleString('en');

function families(report: Report, lead: string): string[] {
  const at = report.models[lead]?.at_shipped;
  const { public_miners: miners, honest, twins } = report.about.data;
  if (!at) return [];
  const recall = at.recall;
  return [
    `Recall rests on ${plural(miners.groups, 'family', 'families')} of miners that others wrote. ${recall.value === null ? 'None was judged.' : `Its interval is ${range(recall, share)}: models whose intervals overlap are not told apart by it.`}`,
    `${plural(honest.groups, 'honest family', 'honest families')} could, were none of them alerted, show a false positive rate below ${share(least_rate(honest.groups))} and no less (1 − 0.05^(1/n), 95 % one-sided). To show 1 % takes ${needed(0.01)} of them, 0.1 % takes ${needed(0.001)}.`,
    ...(twins.groups < 10 ? [`${twins.groups ? `Only ${plural(twins.groups, 'family', 'families')}` : 'No family'} of twins, the honest programs that look most like miners, ${twins.groups === 1 ? 'is' : 'are'} among them.`] : []),
  ];
}

function precisions(report: Report, lead: string): string[] {
  const at = report.models[lead]?.at_shipped;
  const rare = at?.precision.filter((one) => one.prior < report.about.test_mix).sort((a, b) => b.prior - a.prior) ?? [];
  const unknown = rare.filter((one) => says_nothing(one.precision));
  const known = rare.filter((one) => !says_nothing(one.precision) && one.precision.value !== null);
  return [
    ...(unknown.length ? [`Precision is not known where ${list(unknown.map((one) => one_in(one.prior)), 'or')} is a miner: its interval reaches from nearly 0 to nearly 100 %.`] : []),
    ...(known.length ? [`Precision depends on the base rate: ${known.map((one) => `${share(one.precision.value ?? 0)} (${range(one.precision, share)}) where ${one_in(one.prior)} is a miner`).join(', ')}.`] : []),
  ];
}

function world(report: Report): string[] {
  const { data } = report.about;
  const days = data.honest.days + data.own_honest.days;
  return [
    `Everything was recorded on ${data.hosts === 1 ? 'one host' : plural(data.hosts, 'host')}, from ${minute(data.first)} to ${minute(data.last)} UTC.${data.hosts === 1 ? ' Whether it holds on other processors, kernels and fleets is not shown.' : ''}`,
    `Honest programs were watched for ${quantity(days)} days in all, and each was chosen and run by us: a fleet’s own mix, and its idle hours, are another.`,
    'Miners that nobody published, and those made to get past this detector, are only in it as far as the tricks above.',
  ];
}

function omitted(report: Report): string[] {
  return report.about.omitted.map((one) => `Not judged, split “${split_name(one.split)}”: ${prose(one.why)}.`);
}

export function Limits({ report, lead }: { report: Report; lead: string }) {
  return (
    <Section id="limits" number={9} title="What the data cannot say">
      <ul class="limits">
        {[...families(report, lead), ...precisions(report, lead), ...world(report), ...omitted(report)].map((one) => (
          <li key={one} class="wrap">
            {one}
          </li>
        ))}
      </ul>
    </Section>
  );
}
