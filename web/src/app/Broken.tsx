/** A bug of ours: what is needed to make it happen again, and ways to go on. */
import { useSignal } from '@preact/signals';
import { breakdown, moduleVersion, revive } from '../sim/client';
import { journalLink } from '../state/journal';
import { emptyCluster, openAgain, openRun } from '../state/open';
import { report } from '../state/problems';
import { opened } from '../state/run';
import { Button } from '../ui/Button';
import { Icon } from '../ui/Icon';
import { copy, download } from './save';
import { text } from './text';

function reportOf(error: Error): string {
  const link = journalLink();
  const lines = (link.lines ?? []).map(
    ({ at, terminal, line }) => `  ${(at / 1e9).toFixed(3)}s [${terminal + 1}] ${line}`,
  );
  return [
    `Podarium ${moduleVersion.value || '(version unknown)'}`,
    `scenario: ${opened.peek()?.name || '(none)'}`,
    `seed: ${opened.peek()?.seed ?? link.seed ?? '(default)'}`,
    `browser: ${navigator.userAgent}`,
    '',
    error.message,
    '',
    'lines:',
    ...(lines.length > 0 ? lines : ['  (none)']),
    '',
    'as a run:',
    JSON.stringify(link),
  ].join('\n');
}

export function Broken() {
  const error = breakdown.value;
  const copied = useSignal(false);
  if (!error) {
    return null;
  }
  const again = (work: () => Promise<void>) => {
    revive();
    work().catch(report);
  };
  const words = text().broken;
  const account = reportOf(error);
  return (
    <div class="broken" role="alertdialog" aria-modal="true" aria-labelledby="broken-title">
      <div class="broken-frame">
        <Icon name="warning" size={28} />
        <h2 id="broken-title">{words.title}</h2>
        <p>{words.intro}</p>
        <textarea class="broken-report" aria-label={words.report} readOnly rows={14} value={account} />
        <div class="broken-row">
          <Button variant="primary" icon="restart" onClick={() => again(openAgain)}>
            {words.again}
          </Button>
          <Button onClick={() => again(() => openRun(emptyCluster))}>{words.empty}</Button>
          <span class="broken-gap" />
          <Button
            icon={copied.value ? 'check' : 'copy'}
            onClick={async () => {
              copied.value = await copy(account);
            }}
          >
            {copied.value ? words.copied : words.copy}
          </Button>
          <Button
            icon="download"
            onClick={() => download('report.podarium.json', JSON.stringify(journalLink(), null, 2))}
          >
            {words.download}
          </Button>
        </div>
      </div>
    </div>
  );
}
