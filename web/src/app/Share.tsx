/** The dialog that makes a link of the run, or a file if it is too big for one. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { lang } from '../i18n';
import { sim } from '../sim/client';
import type { Link } from '../sim/frames';
import { encodeLink, LINK_MAX } from '../state/link';
import { report } from '../state/problems';
import { opened } from '../state/run';
import { Button } from '../ui/Button';
import { Dialog } from '../ui/Dialog';
import { copy, download, size } from './save';
import { text } from './text';

/** The page's address, without what it was opened with. */
function base(query = ''): string {
  return `${location.origin}${location.pathname}${query}`;
}

function Copied({ text: content, label }: { text: string; label: string }) {
  const done = useSignal(false);
  return (
    <Button
      variant={label === text().sharing.copy ? 'primary' : 'plain'}
      icon={done.value ? 'check' : 'copy'}
      onClick={async () => {
        done.value = await copy(content);
        setTimeout(() => {
          done.value = false;
        }, 2_000);
      }}
    >
      {done.value ? text().sharing.copied : label}
    </Button>
  );
}

/** A name for the file: the run's own, as a file's name. */
function fileName(): string {
  const name = (opened.peek()?.name || 'cluster').toLowerCase().replaceAll(/[^\p{L}\p{N}]+/gu, '-');
  return `${name}.podarium.json`;
}

export function Share({ close }: { close: () => void }) {
  const made = useSignal<{ link: Link; fragment: string } | null>(null);
  useEffect(() => {
    sim
      .link()
      .then(async link => {
        made.value = { link, fragment: await encodeLink(link) };
      })
      .catch(report);
  }, [made]);
  const words = text().sharing;
  const run = made.value;
  const address = run ? `${base()}#${run.fragment}` : '';
  const frame = run
    ? `<iframe src="${base('?embed')}#${run.fragment}" width="100%" height="480" loading="lazy" title="Podarium"></iframe>`
    : '';
  const big = address.length > LINK_MAX;
  return (
    <Dialog title={words.title} close={close}>
      <div class="share" aria-busy={run === null} lang={lang.value === 'zh' ? 'zh-CN' : 'en'}>
        {big ? (
          <p class="share-big">{words.big(size(address.length))}</p>
        ) : (
          <>
            <p class="share-words">{words.intro}</p>
            <input
              class="share-link"
              readOnly
              aria-label={words.link}
              value={address}
              onFocus={event => event.currentTarget.select()}
            />
            <div class="share-row">
              <Copied text={address} label={words.copy} />
              <span class="share-note numbers">{words.size(size(address.length))}</span>
            </div>
            <h3>{words.embed}</h3>
            <textarea
              class="share-link"
              readOnly
              rows={3}
              aria-label={words.embed}
              value={frame}
              onFocus={event => event.currentTarget.select()}
            />
            <div class="share-row">
              <Copied text={frame} label={words.copyEmbed} />
            </div>
            <h3>{words.file}</h3>
          </>
        )}
        <div class="share-row">
          <Button
            variant={big ? 'primary' : 'plain'}
            icon="download"
            disabled={!run}
            onClick={() => run && download(fileName(), JSON.stringify(run.link, null, 2))}
          >
            {words.download}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
