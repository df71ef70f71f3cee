import { CreateBotSaga } from '@bricklayer/contracts';
import type { AnySaga } from '@skald/core';

/** The sagas that this orchestrator runs. Several versions of one may stand here side by side. */
export const SAGAS: readonly AnySaga[] = [CreateBotSaga];
