import { createLevelLogStore } from '../../sidecar/storage/level-log-store.js';
import { createFaultyStore } from './faulty-store.js';
import { storeContract } from './store-contract.js';
import { temporaryDataDirectory } from './temporary.js';

storeContract('LevelDB', async () => createLevelLogStore(await temporaryDataDirectory()));
storeContract('the double', async () => createFaultyStore());
