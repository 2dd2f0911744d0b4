/**
 * Which addresses are public. Every address of the special-purpose registries of IANA (RFC 6890 and
 * its updates) is not, nor is one that carries such an address inside.
 */
import { BlockList, isIP } from "node:net";

const SPECIAL_V4 = [
  "0.0.0.0/8", // this network, RFC 791
  "10.0.0.0/8", // private use, RFC 1918
  "100.64.0.0/10", // shared address space of carriers, RFC 6598
  "127.0.0.0/8", // loopback, RFC 1122
  "169.254.0.0/16", // link-local, RFC 3927; metadata services of clouds
  "172.16.0.0/12", // private use, RFC 1918
  "192.0.0.0/24", // IETF protocol assignments, RFC 6890
  "192.0.2.0/24", // documentation, RFC 5737
  "192.31.196.0/24", // AS112, RFC 7535
  "192.52.193.0/24", // automatic multicast tunnelling, RFC 7450
  "192.88.99.0/24", // 6to4 relays, RFC 7526
  "192.168.0.0/16", // private use, RFC 1918
  "192.175.48.0/24", // AS112, RFC 7534
  "198.18.0.0/15", // benchmarking, RFC 2544
  "198.51.100.0/24", // documentation, RFC 5737
  "203.0.113.0/24", // documentation, RFC 5737
  "224.0.0.0/4", // multicast, RFC 5771
  "240.0.0.0/4", // reserved, RFC 1112, and broadcast
] as const;

/** Unicast that is assigned; whatever lies outside is loopback, local, multicast or reserved. */
const GLOBAL_V6 = "2000::/3";

const SPECIAL_V6 = [
  "2001::/23", // IETF protocol assignments, RFC 2928: Teredo, ORCHID, benchmarking
  "2001:db8::/32", // documentation, RFC 3849
  "2002::/16", // 6to4, RFC 3056: carries an IPv4 address
  "2620:4f:8000::/48", // AS112, RFC 7534
  "3fff::/20", // documentation, RFC 9637
] as const;

const specialAddresses = blockList([...SPECIAL_V4, ...SPECIAL_V6]);
const globalAddresses = blockList([GLOBAL_V6]);

/** A set of addresses and ranges. */
export interface AddressList {
  has(address: string): boolean;
}

/** @throws {RangeError} naming the first entry that is no address and no CIDR range */
export function addressList(entries: readonly string[]): AddressList {
  const list = blockList(entries);
  return {
    has(address) {
      const plain = plainAddress(address);
      return plain !== undefined && contains(list, plain);
    },
  };
}

/** Whether anyone on the Internet could reach it; `false` for what is no address. */
export function isPublicAddress(address: string): boolean {
  const plain = plainAddress(address);
  if (plain === undefined) return false;
  if (isIP(plain) === 4) return !contains(specialAddresses, plain);
  const groups = groupsOf(plain);
  // NAT64's well-known prefix, RFC 6052: networks without IPv4 reach all of it this way.
  if (startsWith(groups, [0x64, 0xff9b, 0, 0, 0, 0])) return isPublicAddress(embeddedV4(groups));
  return contains(globalAddresses, plain) && !contains(specialAddresses, plain);
}

/** The address without a costume: an IPv4 address written as IPv6 (RFC 4291, 2.5.5.2) is itself. */
function plainAddress(address: string): string | undefined {
  const family = isIP(address);
  // A zone only has meaning for addresses of the local link.
  if (family === 0 || address.includes("%")) return undefined;
  if (family === 4) return address;
  const groups = groupsOf(address);
  return startsWith(groups, [0, 0, 0, 0, 0, 0xffff]) ? embeddedV4(groups) : address;
}

/** The eight groups of an IPv6 address. */
function groupsOf(address: string): readonly number[] {
  const [head = "", tail] = new URL(`http://[${address}]/`).hostname.slice(1, -1).split("::");
  const parse = (text: string): number[] =>
    text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16));
  const first = parse(head);
  if (tail === undefined) return first;
  const last = parse(tail);
  return [...first, ...Array<number>(8 - first.length - last.length).fill(0), ...last];
}

function startsWith(groups: readonly number[], prefix: readonly number[]): boolean {
  return prefix.every((group, index) => groups[index] === group);
}

/** The IPv4 address in the last 32 bits. */
function embeddedV4(groups: readonly number[]): string {
  return groups
    .slice(6)
    .flatMap((group) => [group >> 8, group & 0xff])
    .join(".");
}

function contains(list: BlockList, address: string): boolean {
  return list.check(address, isIP(address) === 4 ? "ipv4" : "ipv6");
}

function blockList(entries: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = "", prefix, ...more] = entry.split("/");
    const family = isIP(address);
    const longest = family === 4 ? 32 : 128;
    const bits = prefix === undefined ? longest : /^\d{1,3}$/.test(prefix) ? Number(prefix) : -1;
    if (family === 0 || address.includes("%") || more.length > 0 || bits < 0 || bits > longest)
      throw new RangeError(entry);
    list.addSubnet(address, bits, family === 4 ? "ipv4" : "ipv6");
  }
  return list;
}
