import { dictionary } from '../i18n';

export const text = dictionary({
  en: {
    states: {
      pending: 'Pending',
      creating: 'Creating',
      running: 'Running, not ready',
      ready: 'Ready',
      failing: 'Failing',
      terminating: 'Terminating',
      succeeded: 'Succeeded',
    },
    close: 'Close',
    loading: 'Loading…',
    resize: 'Resize',
    viewFailed: 'This view could not be loaded',
    retry: 'Try again',
    goTo: (moment: string) => `Go to ${moment}`,
  },
  zh: {
    states: {
      pending: '等待中',
      creating: '创建中',
      running: '运行中，未就绪',
      ready: '就绪',
      failing: '失败',
      terminating: '终止中',
      succeeded: '已完成',
    },
    close: '关闭',
    loading: '加载中…',
    resize: '调整大小',
    viewFailed: '无法加载此视图',
    retry: '重试',
    goTo: (moment: string) => `跳到 ${moment}`,
  },
});
