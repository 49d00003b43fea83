const digits = (value: number): string => String(value).padStart(2, '0')

/** `10:33:47`, by the reader's own clock, as every time that people are shown. `time` is ISO, or milliseconds since 1970. */
export function hours(time: string | number): string {
  const moment = new Date(time)
  return [moment.getHours(), moment.getMinutes(), moment.getSeconds()].map(digits).join(':')
}

/** The same; of any day but today with its date and without seconds. */
export function clock(time: string | number, now = Date.now()): string {
  const moment = new Date(time)
  if (moment.toDateString() === new Date(now).toDateString()) return hours(time)
  return `${moment.getFullYear()}-${digits(moment.getMonth() + 1)}-${digits(moment.getDate())} ${hours(time).slice(0, 5)}`
}
