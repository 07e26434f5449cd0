import './ui/theme.css';
import './ui/parts.css';
import { render } from 'preact';
import { App } from './app/App';
import { startFiles } from './state/files';
import { emptyCluster, openRun } from './state/open';
import { startSettings } from './state/settings';

startSettings();
startFiles();
const root = document.getElementById('app');
if (root) {
  render(<App />, root);
}
void openRun(emptyCluster).catch(() => undefined);
