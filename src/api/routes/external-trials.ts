import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Services } from '../../studies/index.js'
import { StudyParamsSchema } from '../schemas/common.js'
import {
  abandonedTrialExample,
  attachedTrialExample,
  completedTrialExample,
  directiveExample,
  failedTrialExample,
  replicateExample,
} from '../schemas/examples/external-trials.js'
import {
  AbandonmentSchema,
  AttachedTrialSchema,
  CompletionSchema,
  DirectiveSchema,
  FailureSchema,
  HeartbeatSchema,
  NewMeasurementSchema,
  NewTrialSchema,
  viewAttachedTrial,
  viewDirective,
  viewReportedTrial,
} from '../schemas/external-trials.js'
import { refusalsWithBody } from '../schemas/problems.js'
import { answer } from '../schemas/responses.js'
import { TrialParamsSchema, TrialSchema } from '../schemas/trials.js'

const LOCATION = { location: { type: 'string', description: 'Address of the trial.' } } as const

const NO_TRIAL = ['study-not-found', 'trial-not-found', 'trial-not-external'] as const
const NOT_HELD = ['not-your-lease', 'lease-lost'] as const

/** Trials that others run. */
export const externalTrialRoutes: FastifyPluginAsyncTypebox<{ services: Services }> = async (
  app,
  { services },
) => {
  app.post(
    '/v1/studies/:studyId/trials',
    {
      config: { isIdempotent: true },
      schema: {
        operationId: 'attachTrial',
        tags: ['Trials'],
        summary: 'Attach a mixture of your own',
        description:
          'It waits to be handed out; or the client trains it itself, under a lease; or it comes with its result. Another trial of a mixture ' +
          'that is there already names the first one in `replicateOf`.',
        params: StudyParamsSchema,
        body: NewTrialSchema,
        response: {
          201: answer(AttachedTrialSchema, 'The trial.', {
            headers: LOCATION,
            example: attachedTrialExample,
          }),
          ...refusalsWithBody(
            'study-not-found',
            'trial-not-found',
            'mixture-already-tried',
            'trials-used-up',
          ),
        },
      },
    },
    async ({ params: { studyId }, body, resourceId: id }, reply) => {
      const attached = await services.externalTrials.attach(studyId, { ...body, id })
      return reply
        .code(201)
        .header('location', `/v1/studies/${studyId}/trials/${attached.trial.id}`)
        .send(viewAttachedTrial(attached))
    },
  )

  app.post(
    '/v1/studies/:studyId/trials/:trialId/heartbeat',
    {
      config: { scope: 'run' },
      schema: {
        operationId: 'keepTrial',
        tags: ['Trials'],
        summary: 'Give a sign of life',
        description:
          'Renews the lease, and says whether to go on. A lease that has expired comes back as long as no other client was given the ' +
          'trial. When the trial was ended meanwhile, the answer is `stop`.',
        params: TrialParamsSchema,
        body: HeartbeatSchema,
        response: {
          200: answer(DirectiveSchema, 'What to do next.', { example: directiveExample }),
          ...refusalsWithBody(...NO_TRIAL, ...NOT_HELD),
        },
      },
    },
    async ({ params: { studyId, trialId }, body }) =>
      viewDirective(await services.externalTrials.heartbeat(studyId, trialId, body)),
  )

  app.post(
    '/v1/studies/:studyId/trials/:trialId/measurements',
    {
      config: { scope: 'run', isIdempotent: true },
      schema: {
        operationId: 'measureTrial',
        tags: ['Trials'],
        summary: 'Report metrics along the way',
        description:
          "Appended for good, each at more tokens than the one before. Renews the lease, asks the study's rule for early stopping, and " +
          'says whether to go on. The same measurement sent again changes nothing.',
        params: TrialParamsSchema,
        body: NewMeasurementSchema,
        response: {
          200: answer(DirectiveSchema, 'What to do next.', { example: directiveExample }),
          ...refusalsWithBody(...NO_TRIAL, ...NOT_HELD, 'tokens-backwards', 'trial-already-ended'),
        },
      },
    },
    async ({ params: { studyId, trialId }, body }) =>
      viewDirective(await services.externalTrials.measure(studyId, trialId, body)),
  )

  app.post(
    '/v1/studies/:studyId/trials/:trialId/completion',
    {
      config: { scope: 'run', isIdempotent: true },
      schema: {
        operationId: 'completeTrial',
        tags: ['Trials'],
        summary: 'Complete a trial',
        description:
          'Also late, under a lease that has expired. The first completion wins; one of another attempt that comes later is kept as a ' +
          'trial of its own, a replicate. The same completion sent again changes nothing.',
        params: TrialParamsSchema,
        body: CompletionSchema,
        response: {
          200: answer(TrialSchema, 'The trial, which has ended.', {
            example: completedTrialExample,
          }),
          201: answer(
            TrialSchema,
            'A replicate with this result: another attempt had completed the trial before.',
            { headers: LOCATION, example: replicateExample },
          ),
          ...refusalsWithBody(
            ...NO_TRIAL,
            ...NOT_HELD,
            'tokens-backwards',
            'trial-already-ended',
            'trial-already-completed',
          ),
        },
      },
    },
    async ({ params: { studyId, trialId }, body }, reply) => {
      const completed = await services.externalTrials.complete(studyId, trialId, body)
      if (!completed.isReplicate) return reply.code(200).send(viewReportedTrial(completed))
      return reply
        .code(201)
        .header('location', `/v1/studies/${studyId}/trials/${completed.trial.id}`)
        .send(viewReportedTrial(completed))
    },
  )

  app.post(
    '/v1/studies/:studyId/trials/:trialId/failure',
    {
      config: { scope: 'run', isIdempotent: true },
      schema: {
        operationId: 'failTrial',
        tags: ['Trials'],
        summary: 'Report that an attempt failed',
        description:
          'What was measured stays. The trial is offered again while it has attempts left (`maxAttempts` in the trial policy), unless ' +
          '`retry` is false.',
        params: TrialParamsSchema,
        body: FailureSchema,
        response: {
          200: answer(TrialSchema, 'The trial.', { example: failedTrialExample }),
          ...refusalsWithBody(...NO_TRIAL, ...NOT_HELD, 'trial-already-ended'),
        },
      },
    },
    async ({ params: { studyId, trialId }, body }) =>
      viewReportedTrial(await services.externalTrials.fail(studyId, trialId, body)),
  )

  app.post(
    '/v1/studies/:studyId/trials/:trialId/abandonment',
    {
      schema: {
        operationId: 'abandonTrial',
        tags: ['Trials'],
        summary: 'Give up a trial',
        description:
          'It is never offered again, and whoever trains it is told to stop. What was measured stays. Needs no lease; abandoning twice is ' +
          'no error.',
        params: TrialParamsSchema,
        body: AbandonmentSchema,
        response: {
          200: answer(TrialSchema, 'The trial, which is abandoned.', {
            example: abandonedTrialExample,
          }),
          ...refusalsWithBody(...NO_TRIAL, 'trial-already-ended'),
        },
      },
    },
    async ({ params: { studyId, trialId }, body }) =>
      viewReportedTrial(await services.externalTrials.abandon(studyId, trialId, body.reason)),
  )
}
