import { randomUUID } from 'node:crypto';
import type { HistoryEntry, SagaInstance } from '@skald/core';
import { DefinitionRegistry, SagaEngine } from '@skald/orchestrator';
import {
  Body,
  Controller,
  Get,
  HttpCode,
  HttpStatus,
  Inject,
  Param,
  Post,
  Res,
  UseGuards,
} from '@nestjs/common';
import type { Response } from 'express';
import { NamespaceGuard } from './namespace.guard.js';
import { ProblemException } from './problem.js';
import { orProblem } from './refusal.js';
import { ActionRequest, CallRequest, CancelRequest, SignalRequest } from './saga-action.request.js';
import { SagaIdPipe } from './saga-id.pipe.js';
import { sagaView, type SagaView } from './saga.view.js';
import { StartSagaRequest } from './start-saga.request.js';

@Controller('api/v1/namespaces/:namespace/sagas')
@UseGuards(NamespaceGuard)
export class SagasController {
  constructor(
    @Inject(SagaEngine) private readonly engine: SagaEngine,
    @Inject(DefinitionRegistry) private readonly definitions: DefinitionRegistry,
  ) {}

  /** Starts a saga. 201 when it is new, 200 when it had been started before; in both cases it is stored. */
  @Post()
  async start(
    @Param('namespace') namespace: string,
    @Body() request: StartSagaRequest,
    @Res({ passthrough: true }) response: Response,
  ): Promise<SagaView> {
    const { id = randomUUID(), definition, version, input, messageId = randomUUID() } = request;
    const { instance, isNew } = await orProblem('The saga was not started', () =>
      this.engine.startSaga({ id, definition, version, input, messageId }),
    );
    response.status(isNew ? HttpStatus.CREATED : HttpStatus.OK);
    response.location(`/api/v1/namespaces/${namespace}/sagas/${encodeURIComponent(id)}`);
    return this.view(instance);
  }

  /** One saga with its history and the path before it. */
  @Get(':id')
  async read(@Param('id', SagaIdPipe) id: string): Promise<SagaView> {
    const instance = await this.engine.find(id);
    if (instance === undefined) {
      const detail = `there is no saga '${id}'`;
      throw new ProblemException(HttpStatus.NOT_FOUND, 'unknown_saga', 'Unknown saga', detail);
    }
    return this.view(instance, await this.engine.history(id));
  }

  @Post(':id/signals')
  @HttpCode(HttpStatus.ACCEPTED)
  async signal(
    @Param('id', SagaIdPipe) id: string,
    @Body() { signal, messageId = randomUUID(), data }: SignalRequest,
  ): Promise<void> {
    await orProblem('The signal was not taken', () => this.engine.signal(id, messageId, signal, data));
  }

  @Post(':id/calls')
  @HttpCode(HttpStatus.OK)
  async call(
    @Param('id', SagaIdPipe) id: string,
    @Body() { call, messageId = randomUUID(), request }: CallRequest,
  ): Promise<{ answer: unknown }> {
    const answer = await orProblem('The call was not taken', () =>
      this.engine.call(id, messageId, call, request),
    );
    if (answer.kind === 'answered') return { answer: answer.data };
    throw new ProblemException(HttpStatus.CONFLICT, answer.code, 'The saga said no', answer.message);
  }

  @Post(':id/cancel')
  @HttpCode(HttpStatus.OK)
  async cancel(
    @Param('id', SagaIdPipe) id: string,
    @Body() { reason, messageId }: CancelRequest,
  ): Promise<SagaView> {
    await orProblem('The saga was not cancelled', () => this.engine.cancel(id, reason, messageId));
    return this.read(id);
  }

  /** What an operator does to a saga; refused where it makes no sense, saying why. */
  @Post(':id/actions')
  @HttpCode(HttpStatus.OK)
  async act(
    @Param('id', SagaIdPipe) id: string,
    @Body() { action, actor, reason, step, output, data = {} }: ActionRequest,
  ): Promise<SagaView | undefined> {
    const note = { actor, reason };
    if (step !== undefined && action !== 'skip' && action !== 'retry') {
      const detail = `'${action}' is about the whole saga; leave 'step' out`;
      throw new ProblemException(HttpStatus.BAD_REQUEST, 'invalid_input', 'The action names a step', detail);
    }
    const named = step === undefined ? {} : { step };
    const chosen =
      action === 'skip'
        ? { kind: action, ...named, output }
        : action === 'retry'
          ? { kind: action, ...named }
          : action === 'edit' || action === 'repair'
            ? { kind: action, data }
            : { kind: action };
    await orProblem('The action was not carried out', () => this.engine.operate(id, chosen, note));
    return action === 'remove' ? undefined : this.read(id);
  }

  private view(instance: SagaInstance, history?: readonly HistoryEntry[]): SagaView {
    const { name, version } = instance.definition;
    return sagaView(instance, history, this.definitions.find(name, version));
  }
}
