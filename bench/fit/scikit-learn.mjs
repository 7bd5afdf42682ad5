import { concatenate, startPythonPeer } from './python-peer.mjs'

/** scikit-learn's histogram trees on the same tables. Undefined when no Python with scikit-learn is there. */
export async function startScikitLearn({ train, test, candidates }, params) {
  const peer = await startPythonPeer(
    'scikit-learn.py',
    'sklearn',
    {
      train: train.raw.data,
      targets: concatenate(train.values),
      test: test.raw.data,
      candidates: candidates.data,
    },
    [train.raw.columns, JSON.stringify(params)],
  )
  return (
    peer && {
      version: peer.version,
      fit: async (metrics) => (await peer.ask({ do: 'fit', metrics })).milliseconds,
      score: async (metric) => (await peer.ask({ do: 'score', metric })).milliseconds,
      /** One array a metric, from the models fitted last. */
      predictTestRuns: async () => (await peer.ask({ do: 'predict' })).predictions,
      stop: peer.stop,
    }
  )
}
