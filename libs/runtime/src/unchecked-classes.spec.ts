import { describe, expect, it } from '@jest/globals';
import { type AnySaga, call, command, saga, signal } from '@skald/core';
import { MemoryBroker, MemoryStore, MemoryTransport } from '@skald/memory';
import { Type } from 'class-transformer';
import { Allow, IsDefined, IsObject, IsOptional, IsString, ValidateNested } from 'class-validator';
import { DefinitionRegistry } from './definition-registry.js';
import { SagaEngine } from './engine.js';

class Checked {
  @IsString()
  item!: string;
}
class BareInput {
  item!: string;
}
class BareRequest {
  item!: string;
}
class BareReply {
  item!: string;
}
class BareUndo {
  item!: string;
}
class BareSignal {
  item!: string;
}
class BareCall {
  item!: string;
}

const item = { item: 'book' };
const OrderSaga = saga('order', { version: 2, input: BareInput })
  .step('pack', {
    send: command('shop.pack', { request: BareRequest, reply: BareReply }),
    with: () => item,
    undo: { send: command('shop.unpack', { request: BareUndo }), with: () => item },
  })
  .step('again', { send: command('shop.again', { request: BareRequest }), with: () => item })
  .waitFor('go', { signals: [signal('go', { data: BareSignal })] })
  .onCall(call('ask', { request: BareCall, reply: Checked }), { handle: () => ({ answer: item }) })
  .build();
const CheckedSaga = saga('checked', { version: 1, input: Checked })
  .step('pack', { send: command('shop.check', { request: Checked }), with: () => item })
  .build();

async function warningsOf(...sagas: AnySaga[]): Promise<string[]> {
  const warnings: string[] = [];
  const definitions = new DefinitionRegistry();
  for (const one of sagas) definitions.register(one);
  const engine = new SagaEngine({
    namespace: 'shop',
    store: new MemoryStore(),
    transport: new MemoryTransport({ broker: new MemoryBroker() }),
    definitions,
    log: { log: () => undefined, warn: (line) => warnings.push(line), error: () => undefined },
  });
  await engine.start();
  await engine.stop();
  return warnings;
}

describe('a class without any class-validator decorator', () => {
  it('is warned of at boot, each once, with its name, its use and what to do', async () => {
    const warnings = await warningsOf(OrderSaga);
    expect(warnings.map((line) => /^the class '(\w+)' \((.+?)\) has no/.exec(line)?.slice(1))).toEqual([
      ['BareInput', "the input of saga 'order@2'"],
      ['BareRequest', "the request of command 'shop.pack'"],
      ['BareReply', "the reply of command 'shop.pack'"],
      ['BareUndo', "the request of command 'shop.unpack'"],
      ['BareSignal', "the data of signal 'go'"],
      ['BareCall', "the request of call 'ask'"],
    ]);
    for (const line of warnings) expect(line).toContain('decorate each member, such as with @IsString()');
  });

  it('may be nested in another: each member is warned of whose class is not looked at, at any depth', async () => {
    class Street {
      @IsString()
      name!: string;
    }
    class Address {
      @IsDefined()
      street!: Street;

      @IsOptional()
      @Type(() => Street)
      more?: Street[];
    }
    class Delivery {
      @ValidateNested()
      @Type(() => Address)
      address!: Address;

      @ValidateNested({ each: true })
      @Type(() => Street)
      fine!: Street[];

      @IsObject()
      free!: object;

      @Allow()
      anything!: Street;

      @IsOptional()
      note?: string;
    }
    const Deliver = saga('deliver', { version: 1, input: Delivery }).sleep('long', '1h').build();
    const warnings = await warningsOf(Deliver);
    const use = "'address' of the input of saga 'deliver@1'";
    expect(warnings.map((line) => line.replace(/ is of the class.*/, ''))).toEqual([
      `the member 'street' of the class 'Address' (${use})`,
      `the member 'more' of the class 'Address' (${use})`,
    ]);
    for (const line of warnings) expect(line).toContain('@ValidateNested() and @Type(() => Street)');
  });

  it('is what others are not', async () => {
    expect(await warningsOf(CheckedSaga)).toEqual([]);
  });
});
