/** Beside the stage: what is selected, the lesson, what can be broken. */
import { Details } from '../details/Details';
import { Faults } from '../faults/Faults';
import { type SideTab, sideTab } from '../state/layout';
import { lesson } from '../state/open';
import { Lazy } from '../ui/Lazy';
import { type Tab, Tabs } from '../ui/Tabs';
import { text } from './text';

const loadLesson = async () => (await import('../views/lessons/LessonPanel')).LessonPanel;

export function SidePanel() {
  const withLesson = lesson.value !== '';
  const tabs: Tab<SideTab>[] = [
    ...(withLesson ? [{ name: 'lesson', icon: 'lessons', title: text().side.lesson } as const] : []),
    { name: 'details', icon: 'eye', title: text().side.details },
    { name: 'faults', icon: 'fault', title: text().side.faults },
  ];
  const current = sideTab.value === 'lesson' && !withLesson ? 'details' : sideTab.value;
  return (
    <aside class="side" aria-label={text().sidePanel}>
      <div class="side-head">
        <Tabs
          label={text().sidePanel}
          tabs={tabs}
          current={current}
          panel="side-body"
          choose={name => {
            sideTab.value = name;
          }}
        />
      </div>
      <div class="side-body" id="side-body" role="tabpanel" aria-label={text().side[current]} tabIndex={-1}>
        {current === 'details' && <Details />}
        {current === 'faults' && <Faults />}
        {current === 'lesson' && <Lazy load={loadLesson} props={{}} />}
      </div>
    </aside>
  );
}
