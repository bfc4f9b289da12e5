import type { LampState } from '../api';

const kMeaning: Record<LampState | 'lost', string> = {
  learning: 'The lamp is being lit: learning',
  watching: 'The lamp burns low: watching, nothing found',
  alert: 'The lamp flares: a workload looks like a miner',
  blind: 'The lamp is out: the detector does not see',
  ended: 'The lamp is out: the recording has ended',
  lost: 'The lamp is out: no connection to Davy',
};

const kLow = 'M20 35.500c1.900 2 2.700 3.300 2.700 4.600a2.700 2.700 0 0 1-5.400 0c0-1.300.8-2.600 2.700-4.600z';
const kHigh = 'M20 26.500c4.300 4.700 5.900 8 5.900 10.800a5.900 5.900 0 0 1-11.800 0c0-2 .9-3.800 2.300-5.600.5 1 1 1.600 1.600 1.800-.3-2.500.4-4.900 2-7z';

/** A miner's safety lamp. Its flame stands high only for an alert; without sight it is out. */
export function Lamp({ state }: { state: LampState | 'lost' }) {
  const lit = state === 'watching' || state === 'alert' || state === 'learning';
  return (
    <svg class={`lamp lamp-${state}`} viewBox="0 0 40 60" role="img" aria-label={kMeaning[state]}>
      {state === 'alert' && <circle class="lamp-glow" cx="20" cy="35" r="17" />}
      <g class="lamp-frame">
        <path d="M15.500 6.500a4.500 4.500 0 0 1 9 0" />
        <path d="M11 10h18" />
        <path d="M12.500 10v14M27.500 10v14" />
        <path d="M9.500 24h21" />
        <path d="M11.500 24 10 46M28.500 24 30 46" />
        <path d="M8 46h24v7a2 2 0 0 1-2 2H10a2 2 0 0 1-2-2z" />
      </g>
      <g class="lamp-gauze">
        <path d="M16.250 10v14M20 10v14M23.750 10v14M12.500 13.500h15M12.500 17h15M12.500 20.500h15" />
      </g>
      {lit && <path class="lamp-flame" d={state === 'alert' ? kHigh : kLow} />}
    </svg>
  );
}
