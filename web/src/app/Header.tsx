/** The page's head: what is open, and what concerns the page as a whole. */
import { lang } from '../i18n';
import { dialogue, sideOpen } from '../state/layout';
import { lesson, lessonTitle } from '../state/open';
import { opened } from '../state/run';
import { openView } from '../state/selection';
import { chooseLang, chooseTheme, screenReader, type Theme, theme } from '../state/settings';
import { Button } from '../ui/Button';
import { Icon, type IconName } from '../ui/Icon';
import { Logo } from '../ui/Logo';
import { Menu, MenuItem } from '../ui/Menu';
import { viewOf } from '../views/registry';
import { text } from './text';

const themes: readonly { name: Theme; icon: IconName }[] = [
  { name: 'system', icon: 'system' },
  { name: 'light', icon: 'sun' },
  { name: 'dark', icon: 'moon' },
];

function Settings() {
  return (
    <Menu label={text().settings} icon="settings">
      {close => (
        <>
          <div class="menu-title">{text().theme}</div>
          {themes.map(({ name, icon }) => (
            <MenuItem
              key={name}
              icon={icon}
              chosen={theme.value === name}
              act={() => {
                chooseTheme(name);
                close();
              }}
            >
              {text().themes[name]}
            </MenuItem>
          ))}
          <hr class="menu-line" />
          <MenuItem
            icon="terminal"
            chosen={screenReader.value}
            act={() => {
              screenReader.value = !screenReader.value;
            }}
          >
            {text().screenReader}
          </MenuItem>
          <MenuItem
            icon="builder"
            act={() => {
              openView('builder');
              close();
            }}
          >
            {builderTitle()}
          </MenuItem>
          <MenuItem
            icon="keyboard"
            hint="?"
            act={() => {
              close();
              dialogue.value = 'shortcuts';
            }}
          >
            {text().help}
          </MenuItem>
        </>
      )}
    </Menu>
  );
}

function builderTitle(): string {
  return viewOf('builder').title();
}

export function Header() {
  const run = opened.value;
  const name = lessonTitle.value?.[lang.value] || lesson.value || run?.name || text().untitled;
  return (
    <header class="head">
      <h1 class="head-title">
        <button
          type="button"
          class="brand"
          onClick={() => {
            dialogue.value = 'welcome';
          }}
        >
          <Logo />
          <span class="brand-name">Podarium</span>
        </button>
      </h1>
      <span class="head-slash" aria-hidden="true" />
      <button
        type="button"
        class="head-run"
        title={run?.description || text().gallery}
        onClick={() => {
          dialogue.value = 'gallery';
        }}
      >
        <span class="head-run-name">{name}</span>
        <Icon name="chevron-down" size={14} />
      </button>
      <div class="head-tools">
        <button
          type="button"
          class="head-search"
          aria-keyshortcuts="/"
          onClick={() => {
            dialogue.value = 'search';
          }}
        >
          <Icon name="search" size={14} />
          <span class="head-search-words">{text().search}</span>
          <kbd>/</kbd>
        </button>
        <Button variant="quiet" icon="lessons" class="head-lessons" onClick={() => openView('lessons')}>
          {text().lessons}
        </Button>
        <Button
          variant="quiet"
          icon="share"
          class="head-share"
          onClick={() => {
            dialogue.value = 'share';
          }}
        >
          {text().share}
        </Button>
        <Button
          variant="quiet"
          class="head-lang"
          lang={lang.value === 'zh' ? 'en' : 'zh-CN'}
          aria-label={lang.value === 'zh' ? 'EN: English' : '中文'}
          title={lang.value === 'zh' ? 'English' : '中文'}
          onClick={() => chooseLang(lang.value === 'zh' ? 'en' : 'zh')}
        >
          {lang.value === 'zh' ? 'EN' : '中'}
        </Button>
        <Settings />
        <Button
          variant="quiet"
          icon="panel"
          class="head-side"
          label={sideOpen.value ? text().hideSide : text().showSide}
          shortcut="d"
          pressed={sideOpen.value}
          onClick={() => {
            sideOpen.value = !sideOpen.value;
          }}
        />
      </div>
    </header>
  );
}
