/** The sign of Podarium: a bell jar with a sprout, whose leaves are pods. */
export function Logo({ size = 24 }: { size?: number }) {
  return (
    <svg class="logo" width={size} height={size} viewBox="0 0 32 32" fill="none" aria-hidden="true">
      <path class="logo-glass" d="M6 14a10 10 0 0 1 20 0v10a4 4 0 0 1-4 4H10a4 4 0 0 1-4-4z" />
      <path class="logo-soil" d="M7 22.500c3-1.600 6 1 9 0s6-1.600 9 0V24a3 3 0 0 1-3 3H10a3 3 0 0 1-3-3z" />
      <path class="logo-stem" d="M16 22.500v-8" />
      <path class="logo-leaf" d="M15.200 17.300l-4.800-.9-1.400-4 2.800-.8 3.600 2.700z" />
      <path class="logo-leaf bright" d="M16.800 14.600l.6-4 3.600-2.400 1.800 2.400-1.600 3.600z" />
      <path class="logo-rim" d="M6 14a10 10 0 0 1 20 0v10a4 4 0 0 1-4 4H10a4 4 0 0 1-4-4zM13 2.500h6" />
    </svg>
  );
}
