/** The bookmarks, to go to, rename and take away. */
import type { Signal } from '@preact/signals';
import { useState } from 'preact/hooks';
import { seek } from '../../state/clock';
import { cluster } from '../../state/run';
import { Button } from '../../ui/Button';
import { Icon } from '../../ui/Icon';
import { moment } from '../../words/time';
import { type Bookmark, renamed, without } from './bookmarks';
import { text } from './text';

export function Bookmarks({ bookmarks }: { bookmarks: Signal<readonly Bookmark[]> }) {
  const [editing, setEditing] = useState(0);
  const say = text();
  if (bookmarks.value.length === 0) {
    return null;
  }
  return (
    <ul class="bookmarks" aria-label={say.bookmarks}>
      {bookmarks.value.map(({ id, at, name }) => (
        <li key={id} class={at === cluster.value.at ? 'here' : ''}>
          <button type="button" class="bookmark-go" title={moment(at)} onClick={() => void seek(at)}>
            <Icon name="flag" size={13} />
            <span class="numbers">{moment(at)}</span>
          </button>
          {editing === id ? (
            <input
              aria-label={say.rename}
              value={name}
              size={Math.max(8, name.length)}
              ref={input => input?.focus()}
              onInput={event => {
                bookmarks.value = renamed(bookmarks.value, id, event.currentTarget.value);
              }}
              onKeyDown={event => {
                if (event.key === 'Enter' || event.key === 'Escape') {
                  setEditing(0);
                }
              }}
              onBlur={() => setEditing(0)}
            />
          ) : (
            <button type="button" class="bookmark-name" title={say.rename} onClick={() => setEditing(id)}>
              {name}
            </button>
          )}
          <Button
            variant="quiet"
            icon="close"
            label={say.remove}
            onClick={() => {
              bookmarks.value = without(bookmarks.value, id);
            }}
          />
        </li>
      ))}
    </ul>
  );
}
