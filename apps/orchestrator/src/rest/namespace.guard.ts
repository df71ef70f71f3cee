import { type CanActivate, type ExecutionContext, HttpStatus, Inject, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { NAMESPACE } from '../namespace.js';
import { ProblemException } from './problem.js';

/** Lets pass what is about the namespace that this orchestrator serves. */
@Injectable()
export class NamespaceGuard implements CanActivate {
  constructor(@Inject(NAMESPACE) private readonly namespace: string) {}

  canActivate(context: ExecutionContext): boolean {
    const { namespace } = context.switchToHttp().getRequest<Request>().params;
    if (namespace === this.namespace) return true;
    const detail = `this orchestrator serves the namespace '${this.namespace}'`;
    throw new ProblemException(HttpStatus.NOT_FOUND, 'wrong_namespace', 'Unknown namespace', detail);
  }
}
