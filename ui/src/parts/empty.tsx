/** The first seconds: what is happening, and how to see that the lamp works. */
export function Learning({ seconds, silent, live }: { seconds: number; silent: number; live: boolean }) {
  return (
    <section class="empty" aria-labelledby="empty-title">
      {live && (
        <div class="waiting" aria-hidden="true">
          <span style={{ animationDuration: `${seconds}s`, animationDelay: `${-Math.min(silent, seconds)}s` }} />
        </div>
      )}
      <h2 id="empty-title">{live ? 'What happens now' : 'Soon there is something to see'}</h2>
      <p>
        {live
          ? `Davy counts what every process does in slices of ${seconds} seconds. The list appears after the first slice; a score needs a little more, and grows surer over ten minutes.`
          : 'The list appears after the first slice of the recording.'}
      </p>
      {live && <SelfTest />}
    </section>
  );
}

export function SelfTest() {
  return (
    <p class="hint">
      To see an alert, run <code>sudo build/release/davy doctor --self-test</code> where Davy was built: a harmless load that behaves like a miner. It should appear here within a minute.
    </p>
  );
}
