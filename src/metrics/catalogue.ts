/** What one metric is: its name ends in its unit, and in `_total` when it only grows. */
export interface MetricDefinition {
  readonly kind: 'counter' | 'gauge' | 'histogram'
  readonly name: string
  readonly unit: 'seconds' | 'tokens' | 'tokens/s' | 'count'
  /** For people. */
  readonly help: string
  /** Each takes few values, known beforehand: never an id, a name that a caller gave, or an address. */
  readonly labels: readonly string[]
  /** Upper bounds, ascending; of histograms. */
  readonly buckets?: readonly number[]
}

/** From a cached read to the limit of a fit that somebody waits for, in seconds. */
const REQUEST_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/** From a small fit to a long training, in seconds. */
const JOB_SECONDS = [0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3000, 10_000, 30_000]

/** Every metric of Mixwright's own. Beside these there are prom-client's `process_*` and `nodejs_*`. */
export const METRICS = {
  build: {
    kind: 'gauge',
    name: 'mixwright_build_info',
    unit: 'count',
    help: 'Always 1; the label has the version.',
    labels: ['version'],
  },
  requestSeconds: {
    kind: 'histogram',
    name: 'mixwright_http_request_duration_seconds',
    unit: 'seconds',
    help: 'From the head of a request to the end of its answer. Event streams are not among them. Status `aborted`: the client went before.',
    labels: ['method', 'route', 'status'],
    buckets: REQUEST_SECONDS,
  },
  requestsInFlight: {
    kind: 'gauge',
    name: 'mixwright_http_requests_in_flight',
    unit: 'count',
    help: 'Requests that are being answered, event streams among them.',
    labels: [],
  },
  eventStreams: {
    kind: 'gauge',
    name: 'mixwright_event_streams_open',
    unit: 'count',
    help: 'Event streams that this process has open.',
    labels: [],
  },
  eventStreamsRefused: {
    kind: 'counter',
    name: 'mixwright_event_streams_refused_total',
    unit: 'count',
    help: 'Event streams refused because this process had as many open as it may (MIXWRIGHT_EVENT_STREAMS).',
    labels: [],
  },
  deliveries: {
    kind: 'gauge',
    name: 'mixwright_queue_deliveries',
    unit: 'count',
    help: 'Depth of the queue, of all processes: deliveries of jobs that are waiting, active, or delayed for another attempt.',
    labels: ['job', 'state'],
  },
  jobs: {
    kind: 'gauge',
    name: 'mixwright_jobs',
    unit: 'count',
    help: 'Jobs in the store that have not ended, of all processes. What is queued here and not in the queue is rung for again.',
    labels: ['kind', 'state'],
  },
  trials: {
    kind: 'gauge',
    name: 'mixwright_trials',
    unit: 'count',
    help: 'Trials in the store by who runs them and by state, of all studies. `expired`: the lease was lost.',
    labels: ['evaluator', 'state'],
  },
  leases: {
    kind: 'gauge',
    name: 'mixwright_leases',
    unit: 'count',
    help: 'Leases that clients have not given back: held, or past their end and about to expire.',
    labels: ['state'],
  },
  jobSeconds: {
    kind: 'histogram',
    name: 'mixwright_job_duration_seconds',
    unit: 'seconds',
    help: 'Time that this process spent on a job in one go, from its claim to the writing of its end. Kind `fit` has the fits.',
    labels: ['kind', 'outcome'],
    buckets: JOB_SECONDS,
  },
  trainings: {
    kind: 'gauge',
    name: 'mixwright_trainings',
    unit: 'count',
    help: 'Proxies that this process is training.',
    labels: [],
  },
  trainingSpeed: {
    kind: 'gauge',
    name: 'mixwright_training_tokens_per_second',
    unit: 'tokens/s',
    help: 'Speed of the proxies that this process is training, together; of each, in its steps of the last moments.',
    labels: [],
  },
  trainedTokens: {
    kind: 'counter',
    name: 'mixwright_training_tokens_total',
    unit: 'tokens',
    help: 'Tokens that proxies were trained on in this process.',
    labels: [],
  },
  readFailures: {
    kind: 'counter',
    name: 'mixwright_metric_read_failures_total',
    unit: 'count',
    help: 'Times that the store or the queue could not be asked; its gauges are left out then.',
    labels: ['source'],
  },
} as const satisfies Record<string, MetricDefinition>
