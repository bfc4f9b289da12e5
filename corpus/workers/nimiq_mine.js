// Starts the miner of Nimiq's own node (npm @nimiq/core) on its development chain, unconnected. Prints its hash rate every ten seconds.
// Usage: node nimiq_mine.js FOLDER_WITH_NODE_MODULES THREADS
const Nimiq = require(`${process.argv[2]}/node_modules/@nimiq/core`);

async function main() {
    Nimiq.GenesisConfig.dev();
    const consensus = await Nimiq.Consensus.volatileFull(new Nimiq.DumbNetworkConfig());
    const {blockchain, mempool, network} = consensus;
    const address = Nimiq.Address.fromHex('11'.repeat(20));
    const miner = new Nimiq.Miner(blockchain, blockchain.accounts, mempool, network.time, address);
    miner.threads = Number(process.argv[3]);
    let seconds = 0;
    miner.on('hashrate-changed', rate => ++seconds % 10 === 0 && console.log(`hashrate ${rate}`));
    miner.on('block-mined', block => console.log(`block ${block.height}`));
    blockchain.on('head-changed', () => miner.startWork());
    miner.startWork();
}

main();
