/**
 * The catalogue of everything that can be refused or go wrong, for every way in. Codes are stable: clients branch on
 * them. `status` is the HTTP status that fits; the command line turns it into an exit code.
 */
export const ERRORS = {
  'validation-failed': {
    status: 422,
    title: 'The input is not valid',
    fix: 'Correct the fields named in `errors`; nothing was changed.',
  },
  'malformed-request': {
    status: 400,
    title: 'The request cannot be read',
    fix: 'Send what the OpenAPI description at /docs asks for.',
  },
  'malformed-cursor': {
    status: 400,
    title: 'The cursor is not one that this list gave out',
    fix: 'Pass `pagination.cursor` of the previous page unchanged and with the same filters, or leave it out to begin again.',
  },
  'infeasible-space': {
    status: 422,
    title: 'No mixture meets all constraints',
    fix: 'Relax one of the constraints named in `errors`.',
  },
  'rows-invalid': {
    status: 422,
    title: 'The run table has rows that cannot be used',
    fix: 'Correct the rows named in `errors`; no row was imported. `dryRun` shows all problems beforehand.',
  },
  'run-already-imported': {
    status: 409,
    title: 'A run id was imported before',
    fix: 'Leave out the runs that are already there; give a repeated mixture a run id of its own.',
  },
  'import-format-mismatch': {
    status: 422,
    title: 'The file is not of the format that was named',
    fix: 'Send the file that the detail describes, or name its format in `format`; nothing was imported.',
  },
  'evaluations-incompatible': {
    status: 409,
    title: 'The runs were evaluated in different ways',
    fix: 'Evaluate the runs alike, or import those that were evaluated otherwise at a fidelity of their own; nothing was imported.',
  },
  'too-few-runs': {
    status: 422,
    title: 'There are too few distinct mixtures to fit',
    fix: 'Import more runs: fitting m domains takes at least m + 1 distinct mixtures.',
  },
  'no-recommendation': {
    status: 409,
    title: 'The study has no finished fit',
    fix: 'POST /v1/studies/{id}/fits and wait for its job to succeed.',
  },
  'study-not-found': {
    status: 404,
    title: 'There is no such study',
    fix: 'Check the id; GET /v1/studies lists the studies.',
  },
  'fit-not-found': {
    status: 404,
    title: 'There is no such fit',
    fix: 'Check the id; the answer to POST /v1/studies/{id}/fits names it.',
  },
  'job-not-found': {
    status: 404,
    title: 'There is no such job',
    fix: 'Check the id; the Location header of the 202 names it.',
  },
  'job-already-ended': {
    status: 409,
    title: 'The job has already ended',
    fix: 'Nothing needs to be done; a finished job cannot be cancelled.',
  },
  'job-needed': {
    status: 409,
    title: 'The job is still needed',
    fix: 'Cancel it first if it is under way; otherwise leave it as long as what is named in the detail is there.',
  },
  'corpus-not-found': {
    status: 404,
    title: 'There is no such corpus',
    fix: 'Check the id; GET /v1/corpora lists the corpora.',
  },
  'source-not-found': {
    status: 404,
    title: 'There is no such source in the corpus',
    fix: 'Check the id; GET /v1/corpora/{id} lists the sources.',
  },
  'ingestion-not-found': {
    status: 404,
    title: 'There is no such ingestion',
    fix: 'Check the id; the answer to POST /v1/corpora/{id}/ingestions names it.',
  },
  'corpus-not-ready': {
    status: 409,
    title: 'The corpus has not been ingested',
    fix: 'POST /v1/corpora/{id}/ingestions and wait for its job to succeed.',
  },
  'corpus-busy': {
    status: 409,
    title: 'The corpus is being ingested',
    fix: 'Wait for the job to end, or cancel it.',
  },
  'corpus-in-use': {
    status: 409,
    title: 'Studies use the corpus',
    fix: 'Delete the studies named in the detail first.',
  },
  'corpus-empty': {
    status: 422,
    title: 'The corpus has nothing to ingest',
    fix: 'Add sources to every domain first.',
  },
  'source-forbidden': {
    status: 422,
    title: 'The path is outside the allowed folders',
    fix: 'Allow its folder when the service is started (MIXWRIGHT_SOURCES), or upload the file.',
  },
  'source-unreadable': {
    status: 422,
    title: 'A source cannot be read',
    fix: 'Correct the file named in the detail, or remove the source, and ingest again.',
  },
  'document-invalid': {
    status: 422,
    title: 'A document cannot be used',
    fix: 'Correct the document named in the detail, or set `invalidDocuments` to `skip`, and ingest again.',
  },
  'domain-too-small': {
    status: 422,
    title: 'A domain has too little text',
    fix: 'Add text to the domain named in the detail, or choose a model with a shorter context.',
  },
  'quota-exceeded': {
    status: 507,
    title: 'The data folder would outgrow its quota',
    fix: 'Delete corpora or checkpoints, or raise MIXWRIGHT_QUOTA.',
  },
  'disk-full': {
    status: 507,
    title: 'The disk is full',
    fix: 'Make room on the disk of the data folder and try again.',
  },
  'ingestion-failed': {
    status: 500,
    title: 'The ingestion failed',
    fix: 'See the detail; if the sources look right, report it with the job id.',
  },
  'search-not-found': {
    status: 404,
    title: 'There is no such search',
    fix: 'Check the id; GET /v1/studies/{id}/searches lists the searches.',
  },
  'search-already-ended': {
    status: 409,
    title: 'The search has already ended',
    fix: 'Nothing needs to be done; a finished search cannot be cancelled.',
  },
  'search-running': {
    status: 409,
    title: 'The study has a search under way',
    fix: 'Wait for it to end, or cancel it.',
  },
  'search-failed': {
    status: 500,
    title: 'The search failed',
    fix: 'See the detail and the problems of its trials.',
  },
  'trial-not-found': {
    status: 404,
    title: 'There is no such trial',
    fix: 'Check the id; GET /v1/studies/{id}/trials lists the trials.',
  },
  'trial-under-way': {
    status: 409,
    title: 'The trial has not ended',
    fix: 'Wait for it to end, or cancel its search.',
  },
  'trial-already-ended': {
    status: 409,
    title: 'The trial has ended',
    fix: 'Nothing needs to be done: stop training it, and ask for the next one (POST /v1/studies/{id}/suggestions).',
  },
  'trial-already-completed': {
    status: 409,
    title: 'The trial was completed with another result',
    fix: 'The stored result stays. Attach another run of the mixture as a trial of its own, with `replicateOf`.',
  },
  'trial-not-external': {
    status: 409,
    title: 'The trial is trained by Mixwright',
    fix: 'Only trials at fidelities with the evaluator `external` take reports.',
  },
  'trial-failed': {
    status: 422,
    title: 'The trial failed',
    fix: 'See the detail, which its client gave.',
  },
  'not-your-lease': {
    status: 409,
    title: 'The lease is not yours',
    fix: 'Send `client` and `lease.id` as they came with the trial.',
  },
  'lease-lost': {
    status: 409,
    title: 'The lease was lost to another client',
    fix: 'Stop training the trial, or train it to its end and complete it: the result is then kept as a replicate.',
  },
  'tokens-backwards': {
    status: 409,
    title: 'The trial was measured at as many tokens before',
    fix: 'Measurements come in the order of their tokens; send only those beyond what is stored.',
  },
  'mixture-already-tried': {
    status: 409,
    title: 'The mixture is being tried, or was',
    fix: 'To try it once more, name the trial in `replicateOf`.',
  },
  'trials-used-up': {
    status: 409,
    title: 'The study has as many trials as it may have',
    fix: "Raise `maxTrials` in the study's `trialPolicy`.",
  },
  'checkpoint-not-found': {
    status: 404,
    title: 'The trial has no checkpoint',
    fix: 'Nothing needs to be done; the checkpoints of completed trials are removed by themselves.',
  },
  'training-diverged': {
    status: 422,
    title: 'The training diverged',
    fix: 'Lower `learningRate`, or raise `warmupFraction`.',
  },
  'training-failed': {
    status: 500,
    title: 'The training of a proxy model failed',
    fix: 'See the detail; if it stays, report it with the trial id.',
  },
  'checkpoint-unusable': {
    status: 422,
    title: 'The checkpoint cannot be used',
    fix: 'Remove the checkpoint: the training then begins anew.',
  },
  'device-unavailable': {
    status: 422,
    title: 'The device is not available',
    fix: 'Set MIXWRIGHT_DEVICE to cpu, or start the service where the device is.',
  },
  'method-not-found': {
    status: 404,
    title: 'There is no such method',
    fix: 'GET /v1/methods lists the methods.',
  },
  'export-format-not-found': {
    status: 404,
    title: 'There is no such export format',
    fix: 'GET /v1/export-formats lists the formats.',
  },
  'key-missing': {
    status: 401,
    title: 'The service asks for a key',
    fix: 'Send `Authorization: Bearer <key>`. `mixwright keys create`, or POST /v1/keys, makes one.',
  },
  'key-invalid': {
    status: 401,
    title: 'The key is not valid',
    fix: 'Send a key that is, whole and once. Whoever holds the scope `admin` can make one.',
  },
  'scope-missing': {
    status: 403,
    title: 'The key lacks a scope',
    fix: 'Use a key that has the scope named in the detail.',
  },
  'host-not-allowed': {
    status: 421,
    title: 'The service is open to this machine only',
    fix: 'Ask for it as localhost, or make a key: then every name will do.',
  },
  'origin-not-allowed': {
    status: 403,
    title: 'The service is not open to web pages from elsewhere',
    fix: 'List the origin in MIXWRIGHT_CORS_ORIGINS when the service is started.',
  },
  'rate-limited': {
    status: 429,
    title: 'Too many requests',
    fix: 'Try again after the seconds in Retry-After.',
  },
  'key-not-found': {
    status: 404,
    title: 'There is no such key',
    fix: 'Check the id; GET /v1/keys lists the keys.',
  },
  'key-ended': {
    status: 409,
    title: 'The key has ended',
    fix: 'Make a new one: POST /v1/keys.',
  },
  'route-not-found': {
    status: 404,
    title: 'There is nothing at this address',
    fix: 'See /docs for the addresses.',
  },
  'method-not-allowed': {
    status: 405,
    title: 'The address does not take this HTTP method',
    fix: 'See /docs, and the Allow header.',
  },
  'not-acceptable': {
    status: 406,
    title: 'The answer has another form than the Accept header allows',
    fix: 'Send `Accept: text/event-stream`, or leave the header out.',
  },
  'precondition-required': {
    status: 428,
    title: 'The change must say which version it is meant for',
    fix: 'GET the resource and send its ETag as If-Match.',
  },
  'precondition-failed': {
    status: 412,
    title: 'The resource has another version by now',
    fix: 'GET it again, look at what has changed, and send its new ETag as If-Match.',
  },
  'idempotency-key-reused': {
    status: 422,
    title: 'The Idempotency-Key came with another request before',
    fix: 'Use a new key for every request, and the same one only to send the same request again.',
  },
  'idempotency-key-in-flight': {
    status: 409,
    title: 'The request with this Idempotency-Key is being worked on',
    fix: 'Send it again, with the same key, after the seconds in Retry-After.',
  },
  'body-too-large': {
    status: 413,
    title: 'The body is too large',
    fix: 'Send less at once; the limit is in the detail.',
  },
  'too-many-rows': {
    status: 413,
    title: 'The table has too many rows',
    fix: 'Split the table into several imports; the limit is in the detail.',
  },
  'backtest-not-found': {
    status: 404,
    title: 'There is no such backtest',
    fix: 'Check the id; GET /v1/backtests lists the backtests.',
  },
  'backtest-too-large': {
    status: 422,
    title: 'The backtest would take too long',
    fix: 'Ask for fewer seeds, methods, runs (`maxRuns`) or a smaller `budget`; `mixwright backtest` replays any amount on your own machine.',
  },
  'backtest-failed': {
    status: 500,
    title: 'The backtest failed',
    fix: 'See the detail; if the data look right, report it with the job id.',
  },
  'too-costly': {
    status: 422,
    title: 'The computation is too large for an answer within the request',
    fix: 'Create a study, import the runs and request a fit: POST /v1/studies.',
  },
  'out-of-range': {
    status: 422,
    title: 'The computation left the range of numbers',
    fix: 'Give values that are less extreme: token counts, metric values, weights of the objective, parameters.',
  },
  'unsupported-media-type': {
    status: 415,
    title: 'The content type is not supported',
    fix: 'Send application/json, or multipart/form-data where the address takes files.',
  },
  'fit-failed': {
    status: 500,
    title: 'The fit failed',
    fix: 'See the detail; if the data look right, report it with the job id.',
  },
  overloaded: {
    status: 503,
    title: 'The service is busy',
    fix: 'Try again after the seconds in Retry-After.',
  },
  unavailable: {
    status: 503,
    title: 'The service is not ready',
    fix: 'Try again after the seconds in Retry-After.',
  },
  internal: {
    status: 500,
    title: 'Something went wrong on our side',
    fix: 'Try again; if it stays, report it with the request id.',
  },
} as const satisfies Record<string, { status: number; title: string; fix: string }>

export type ErrorCode = keyof typeof ERRORS

export interface FieldError {
  /** JSON Pointer into the request body, or for tables `/rows/{n}/{column}` with n counted from 1. */
  pointer: string
  detail: string
}

/** An expected refusal or failure, named by its code in the catalogue. */
export class MixwrightError extends Error {
  override readonly name = 'MixwrightError'
  readonly code: ErrorCode
  readonly errors: readonly FieldError[]

  /** @param detail what went wrong this time, for people */
  constructor(code: ErrorCode, detail: string, errors: readonly FieldError[] = []) {
    super(detail)
    this.code = code
    this.errors = errors
  }

  get status(): number {
    return ERRORS[this.code].status
  }
}

/** RFC 9457 problem document, as responses and failed jobs carry it. */
export interface ProblemDocument {
  type: string
  title: string
  status: number
  code: ErrorCode
  detail: string
  fix: string
  errors?: FieldError[]
  instance?: string
  requestId?: string
  traceId?: string
}

export function problemDocument(error: MixwrightError): ProblemDocument {
  const { status, title, fix } = ERRORS[error.code]
  return {
    type: `/problems/${error.code}`,
    title,
    status,
    code: error.code,
    detail: error.message,
    fix,
    ...(error.errors.length > 0 && { errors: [...error.errors] }),
  }
}
