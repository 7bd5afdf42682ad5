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
  'method-not-found': {
    status: 404,
    title: 'There is no such method',
    fix: 'GET /v1/methods lists the methods.',
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
  'too-costly': {
    status: 422,
    title: 'The computation is too large for an answer within the request',
    fix: 'Create a study, import the runs and request a fit: POST /v1/studies.',
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
