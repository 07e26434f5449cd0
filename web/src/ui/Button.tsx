/** A button: with words, with an icon, or both. One that has an icon alone takes its `label` as its name and tooltip. */
import type { ButtonHTMLAttributes, ComponentChildren } from 'preact';
import { Icon, type IconName } from './Icon';

interface ButtonProps extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'icon' | 'label' | 'size'> {
  /** `plain` is the rule; `quiet` for toolbars; `primary` for the one thing to do; `danger` breaks something. */
  variant?: 'plain' | 'quiet' | 'primary' | 'danger';
  icon?: IconName;
  /** What it does, if it shows no words. */
  label?: string;
  /** A key that does the same: shown in the tooltip. */
  shortcut?: string;
  /** Whether it is switched on. */
  pressed?: boolean;
  children?: ComponentChildren;
}

export function Button({
  variant = 'plain',
  icon,
  label,
  shortcut,
  pressed,
  children,
  class: more,
  ...rest
}: ButtonProps) {
  const bare = !children;
  const tip = label && (shortcut ? `${label} (${shortcut})` : label);
  return (
    <button
      type="button"
      class={`button ${variant} ${bare ? 'bare' : ''} ${more ?? ''}`}
      {...(pressed === undefined ? {} : { 'aria-pressed': pressed })}
      {...(label ? { 'aria-label': label, title: tip } : {})}
      {...(shortcut ? { 'aria-keyshortcuts': shortcut } : {})}
      {...rest}
    >
      {icon && <Icon name={icon} />}
      {children}
    </button>
  );
}
