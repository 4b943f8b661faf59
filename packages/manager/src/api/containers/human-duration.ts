const MS_PER_SECOND = 1000
const SECONDS_PER_MINUTE = 60
const SECONDS_PER_HOUR = 3600
const HOURS_PER_DAY = 24

/** A duration in the words that Docker's clients are used to: `About a minute`, `3 hours`. @param ms milliseconds */
export function humanDuration(ms: number): string {
  const seconds = Math.floor(Math.max(0, ms) / MS_PER_SECOND)
  if (seconds < 1) return 'Less than a second'
  if (seconds === 1) return '1 second'
  if (seconds < SECONDS_PER_MINUTE) return `${seconds} seconds`
  const minutes = Math.floor(seconds / SECONDS_PER_MINUTE)
  if (minutes === 1) return 'About a minute'
  if (minutes < 60) return `${minutes} minutes`
  const hours = Math.round(seconds / SECONDS_PER_HOUR)
  if (hours === 1) return 'About an hour'
  if (hours < 2 * HOURS_PER_DAY) return `${hours} hours`
  const days = Math.floor(hours / HOURS_PER_DAY)
  if (days < 14) return `${days} days`
  if (days < 60) return `${Math.floor(days / 7)} weeks`
  return days < 730 ? `${Math.floor(days / 30)} months` : `${Math.floor(days / 365)} years`
}
