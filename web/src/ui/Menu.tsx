/** A button that opens a list below or above it: of choices, or of anything else. */
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { Button } from './Button';
import { Icon, type IconName } from './Icon';

export function Menu({
  label,
  icon,
  title,
  up = false,
  align = 'end',
  children,
}: {
  /** The name of the button. */
  label: string;
  icon?: IconName;
  /** What the button shows beside its icon. */
  title?: ComponentChildren;
  up?: boolean;
  align?: 'start' | 'end';
  /** What is in it; gets what closes it. */
  children: (close: () => void) => ComponentChildren;
}) {
  const id = useId();
  const root = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState(false);
  const close = () => {
    setOpen(false);
    root.current?.querySelector('button')?.focus();
  };
  useEffect(() => {
    if (!open) {
      return undefined;
    }
    const outside = (event: Event) => {
      if (!root.current?.contains(event.target as Node)) {
        setOpen(false);
      }
    };
    document.addEventListener('pointerdown', outside);
    document.addEventListener('focusin', outside);
    root.current?.querySelector<HTMLElement>('.menu button, .menu input')?.focus();
    return () => {
      document.removeEventListener('pointerdown', outside);
      document.removeEventListener('focusin', outside);
    };
  }, [open]);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it hears the keys of what is in it
    <div
      class="menu-root"
      ref={root}
      onKeyDown={event => {
        if (!open) {
          return;
        }
        if (event.key === 'Escape') {
          event.preventDefault();
          event.stopPropagation();
          close();
        } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
          const items = [...(root.current?.querySelectorAll<HTMLElement>('.menu .menu-item') ?? [])];
          const index = items.indexOf(document.activeElement as HTMLElement);
          const next = items.at((index + (event.key === 'ArrowDown' ? 1 : -1)) % items.length);
          event.preventDefault();
          event.stopPropagation();
          next?.focus();
        }
      }}
    >
      <Button
        variant="quiet"
        {...(icon ? { icon } : {})}
        {...(title ? { title: label } : { label })}
        aria-expanded={open}
        aria-controls={id}
        onClick={() => setOpen(!open)}
      >
        {title && (
          <>
            {title}
            <span class="visually-hidden">, {label}</span>
          </>
        )}
      </Button>
      {open && (
        <div class={`menu ${up ? 'up' : ''} ${align}`} id={id}>
          {children(close)}
        </div>
      )}
    </div>
  );
}

/** A choice of a menu. */
export function MenuItem({
  icon,
  chosen,
  disabled = false,
  hint,
  act,
  children,
}: {
  icon?: IconName;
  /** Whether it is the one that holds, where one of several does. */
  chosen?: boolean;
  disabled?: boolean;
  hint?: ComponentChildren;
  act: () => void;
  children: ComponentChildren;
}) {
  return (
    <button
      type="button"
      class="menu-item"
      disabled={disabled}
      {...(chosen === undefined ? {} : { 'aria-pressed': chosen })}
      onClick={act}
    >
      {icon && <Icon name={icon} />}
      <span class="menu-words">{children}</span>
      {hint && <span class="menu-hint">{hint}</span>}
      {chosen !== undefined && <span class="menu-mark">{chosen && <Icon name="check" size={14} />}</span>}
    </button>
  );
}
