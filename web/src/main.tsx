import './ui/theme.css';
import './ui/parts.css';
import { render } from 'preact';
import { Page } from './app/App';
import { startKeys } from './app/keys';
import { start } from './app/start';
import { startOffline } from './offline/updates';
import { startClock } from './state/clock';
import { startFiles } from './state/files';
import { embedded, startLayout } from './state/layout';
import { report } from './state/problems';
import { startSettings } from './state/settings';

startSettings();
if (!embedded) {
  // What is edited inside another page stays there: it has files of its own, as long as it lives.
  startFiles();
}
startLayout();
startClock();
startKeys();
// What nobody caught is a bug of ours, and gets a report.
addEventListener('error', event => {
  if (event.error) {
    report(event.error);
  }
});
addEventListener('unhandledrejection', event => report(event.reason));
const root = document.getElementById('app');
if (root) {
  render(<Page />, root);
}
void start();
if (import.meta.env.PROD && !embedded) {
  void startOffline();
}
