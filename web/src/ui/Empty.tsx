/** What a view shows when there is nothing to show: what would be here, and how to get it. */
import type { ComponentChildren } from 'preact';
import { Icon, type IconName } from './Icon';

export function Empty({ icon, title, children }: { icon: IconName; title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <Icon name={icon} size={28} />
      <p class="empty-title">{title}</p>
      {children && <div class="empty-text">{children}</div>}
    </div>
  );
}
