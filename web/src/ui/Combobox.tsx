/** A field that offers what could stand in it, by the pattern of WAI-ARIA: one may choose from the list or type something else. */
import { useSignal } from '@preact/signals';
import { useEffect, useId, useRef } from 'preact/hooks';
import './Combobox.css';

export interface Option {
  readonly value: string;
  /** What is told beside it. */
  readonly hint: string;
  /** The heading under which it stands. */
  readonly group: string;
}

/** Options that stand together under a heading, with the number of the first. */
function groupsOf<O extends Option>(options: readonly O[]): { name: string; from: number; members: O[] }[] {
  const groups: { name: string; from: number; members: O[] }[] = [];
  options.forEach((option, at) => {
    const last = groups.at(-1);
    if (last?.name === option.group) last.members.push(option);
    else groups.push({ name: option.group, from: at, members: [option] });
  });
  return groups;
}

export function Combobox<O extends Option>({
  label,
  value,
  placeholder,
  options,
  onType,
  onChoose,
}: {
  label: string;
  value: string;
  placeholder: string;
  /** What fits the words that are typed; all of it for none. */
  options: (typed: string) => readonly O[];
  onType: (value: string) => void;
  onChoose: (option: O) => void;
}) {
  const id = useId();
  const open = useSignal(false);
  // What was typed since it was opened: before, all is offered, whatever stands in the field.
  const typed = useSignal('');
  const active = useSignal(-1);
  const list = useRef<HTMLDivElement>(null);
  const shown = open.value ? options(typed.value) : [];
  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' });
  }, [active.value]);
  const show = () => {
    if (open.value) return;
    typed.value = '';
    active.value = -1;
    open.value = true;
  };
  const choose = (option: O) => {
    open.value = false;
    onChoose(option);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const chosen = shown[active.value];
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      show();
      const step = event.key === 'ArrowDown' ? 1 : -1;
      const count = options(typed.value).length;
      active.value = count === 0 ? -1 : (active.value + step + count + (active.value < 0 && step < 0 ? 1 : 0)) % count;
    } else if (event.key === 'Enter' && chosen) {
      choose(chosen);
    } else if (event.key === 'Escape' && open.value) {
      open.value = false;
      event.stopPropagation();
    } else {
      if (event.key === 'Enter') open.value = false;
      return;
    }
    event.preventDefault();
  };
  return (
    <div class="combobox">
      <label for={`${id}-field`}>{label}</label>
      <input
        id={`${id}-field`}
        role="combobox"
        aria-expanded={shown.length > 0}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        {...(active.value >= 0 ? { 'aria-activedescendant': `${id}-${active.value}` } : {})}
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        value={value}
        placeholder={placeholder}
        onFocus={event => event.currentTarget.select()}
        onClick={show}
        onInput={event => {
          show();
          typed.value = event.currentTarget.value;
          active.value = -1;
          onType(event.currentTarget.value);
        }}
        onKeyDown={onKeyDown}
        onBlur={() => {
          open.value = false;
        }}
      />
      {shown.length > 0 && (
        <div class="combobox-list" role="listbox" id={`${id}-list`} aria-label={label} tabIndex={-1} ref={list}>
          {groupsOf(shown).map(({ name, from, members }) => (
            // biome-ignore lint/a11y/useSemanticElements: a group of options, not of fields
            <div key={name} role="group" aria-label={name}>
              <div class="combobox-group" aria-hidden="true">
                {name}
              </div>
              {members.map((option, at) => (
                // biome-ignore lint/a11y/useKeyWithClickEvents: the field has the focus and takes the keys
                <div
                  key={option.value}
                  role="option"
                  tabIndex={-1}
                  id={`${id}-${from + at}`}
                  class="combobox-option"
                  aria-selected={from + at === active.value}
                  // The field would lose the focus before the click.
                  onMouseDown={event => event.preventDefault()}
                  onClick={() => choose(option)}
                >
                  <code>{option.value}</code>
                  <span>{option.hint}</span>
                </div>
              ))}
            </div>
          ))}
        </div>
      )}
    </div>
  );
}
