import { randomUUID } from 'node:crypto';
import { RequestRefusedError, SagaEngine } from '@skald/orchestrator';
import { Body, Controller, Get, HttpStatus, Inject, Param, Post, Res } from '@nestjs/common';
import type { Response } from 'express';
import { NAMESPACE } from '../namespace.js';
import { ProblemException } from './problem.js';
import { sagaView, type SagaView } from './saga.view.js';
import { StartSagaRequest } from './start-saga.request.js';

/** What the engine refuses makes no sense now: a conflict with the saga's state, unless the request itself is wrong. */
const STATUS_OF_REFUSAL: Readonly<Record<string, HttpStatus>> = {
  unknown_definition: HttpStatus.UNPROCESSABLE_ENTITY,
  invalid_input: HttpStatus.UNPROCESSABLE_ENTITY,
  invalid_id: HttpStatus.UNPROCESSABLE_ENTITY,
  unknown_saga: HttpStatus.NOT_FOUND,
};

@Controller('api/v1/namespaces/:namespace/sagas')
export class SagasController {
  constructor(
    @Inject(SagaEngine) private readonly engine: SagaEngine,
    @Inject(NAMESPACE) private readonly namespace: string,
  ) {}

  /** Starts a saga. 201 when it is new, 200 when it had been started before; in both cases it is stored. */
  @Post()
  async start(
    @Param('namespace') namespace: string,
    @Body() request: StartSagaRequest,
    @Res({ passthrough: true }) response: Response,
  ): Promise<SagaView> {
    this.checkNamespace(namespace);
    const { id = randomUUID(), definition, version, input } = request;
    try {
      const { instance, isNew } = await this.engine.startSaga({ id, definition, version, input });
      response.status(isNew ? HttpStatus.CREATED : HttpStatus.OK);
      response.location(`/api/v1/namespaces/${namespace}/sagas/${encodeURIComponent(id)}`);
      return sagaView(instance);
    } catch (error) {
      if (!(error instanceof RequestRefusedError)) throw error;
      const status = STATUS_OF_REFUSAL[error.code] ?? HttpStatus.CONFLICT;
      throw new ProblemException(
        status,
        error.code,
        'The saga was not started',
        error.message,
        error.problems,
      );
    }
  }

  /** One saga with its history. */
  @Get(':id')
  async read(@Param('namespace') namespace: string, @Param('id') id: string): Promise<SagaView> {
    this.checkNamespace(namespace);
    const instance = await this.engine.find(id);
    if (instance === undefined) {
      const detail = `there is no saga '${id}' in namespace '${namespace}'`;
      throw new ProblemException(HttpStatus.NOT_FOUND, 'unknown_saga', 'Unknown saga', detail);
    }
    return sagaView(instance, await this.engine.history(id));
  }

  private checkNamespace(namespace: string): void {
    if (namespace !== this.namespace) {
      const detail = `this orchestrator serves the namespace '${this.namespace}'`;
      throw new ProblemException(HttpStatus.NOT_FOUND, 'wrong_namespace', 'Unknown namespace', detail);
    }
  }
}
