import { launch, leave, type LaunchSettings } from './launch.js';
import './step-queue.js';
import { work } from '../worker.js';

work((settings: LaunchSettings) => launch(settings), leave);
