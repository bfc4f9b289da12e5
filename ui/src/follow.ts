import { get, type Summary } from './api';

/** `live`: what is shown is the newest there is. `refused`: so it is, but asked for, since too many follow. */
export type Link = 'opening' | 'live' | 'refused' | 'lost';

export interface Live {
  summary: Summary | null;
  link: Link;
}

/** As long as a slice. */
const kAskEvery = 10_000;

/**
 * Tells `hear` what Davy says each slice, until the function it returns is called. A page that is seen holds a stream
 * open. A browser opens six connections to a host, no more, and a stream holds one for good: so a page that is hidden
 * asks instead, and its title stays true. It asks, too, when the server refuses the stream because too many follow, and
 * tries again each time.
 */
export function follow(hear: (news: Partial<Live>) => void): () => void {
  const over = new AbortController();
  let stream: EventSource | null = null;
  let next: ReturnType<typeof setTimeout> | undefined;

  function open(): void {
    const opened = new EventSource('api/v1/events');
    stream = opened;
    opened.addEventListener('slice', (event) => {
      hear({ summary: JSON.parse((event as MessageEvent<string>).data) as Summary, link: 'live' });
    });
    opened.onopen = () => hear({ link: 'live' });
    opened.onerror = () => {
      if (opened.readyState !== EventSource.CLOSED) return hear({ link: 'lost' }); // the browser tries again by itself
      if (stream === opened) stream = null;
      return void ask('refused');
    };
  }

  function close(): void {
    stream?.close();
    stream = null;
  }

  async function ask(link: Link): Promise<void> {
    clearTimeout(next);
    next = setTimeout(turn, kAskEvery);
    try {
      const summary = await get<Summary>('health', over.signal);
      if (!stream && !over.signal.aborted) hear({ summary, link });
    } catch {
      if (!stream && !over.signal.aborted) hear({ link: 'lost' });
    }
  }

  function turn(): void {
    clearTimeout(next);
    if (document.hidden) {
      close();
      void ask('live');
    } else if (!stream) open();
  }

  document.addEventListener('visibilitychange', turn);
  turn();
  return () => {
    document.removeEventListener('visibilitychange', turn);
    clearTimeout(next);
    over.abort();
    close();
  };
}
