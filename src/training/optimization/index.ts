export { type AdamwRates, type AdamwTensors, adamwRates, adamwUpdate } from './adamw.js'
export { learningRateSchedule, type ScheduleOptions } from './schedule.js'
