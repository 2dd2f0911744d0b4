import { isIPv4 } from "node:net";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addressList, isPublicAddress } from "./ip-address.ts";

const PUBLIC = [
  "1.1.1.1",
  "8.8.8.8",
  "9.255.255.255",
  "11.0.0.0",
  "100.63.255.255",
  "100.128.0.0",
  "126.255.255.255",
  "128.0.0.1",
  "169.253.255.255",
  "169.255.0.0",
  "172.15.255.255",
  "172.32.0.0",
  "192.167.255.255",
  "192.169.0.0",
  "198.17.255.255",
  "198.20.0.0",
  "223.255.255.255",
  "2606:4700:4700::1111",
  "2a00:1450:4001:80b::200e",
  "2001:200::1",
  "2001:4860:4860::8888",
  // Public IPv4 addresses as networks without IPv4 write them.
  "::ffff:8.8.8.8",
  "::ffff:808:808",
  "64:ff9b::808:808",
  "64:ff9b::8.8.8.8",
];

const NOT_PUBLIC = [
  "0.0.0.0",
  "0.1.2.3",
  "10.0.0.0",
  "10.255.255.255",
  "100.64.0.0",
  "100.127.255.255",
  "127.0.0.1",
  "127.255.255.254",
  "169.254.169.254",
  "169.254.0.0",
  "172.16.0.1",
  "172.31.255.255",
  "192.0.0.8",
  "192.0.2.1",
  "192.88.99.1",
  "192.168.0.1",
  "198.18.0.1",
  "198.19.255.255",
  "198.51.100.7",
  "203.0.113.7",
  "224.0.0.1",
  "239.255.255.250",
  "240.0.0.1",
  "255.255.255.255",
  "::",
  "::1",
  "::2",
  "fc00::1",
  "fd12:3456::1",
  "fe80::1",
  "fe80::1%eth0",
  "febf::1",
  "fec0::1",
  "ff02::1",
  "100::1",
  "2001:db8::1",
  "3fff::1",
  "2001::1",
  "2001:0:4136:e378:8000:63bf:3fff:fdd2",
  "2001:2::1",
  "2001:10::1",
  "5f00::1",
  "4000::1",
  // IPv4-mapped, -compatible, -translated, NAT64, 6to4.
  "::ffff:127.0.0.1",
  "::ffff:7f00:1",
  "::ffff:0:127.0.0.1",
  "::ffff:169.254.169.254",
  "::FFFF:10.0.0.1",
  "::127.0.0.1",
  "::8.8.8.8",
  "64:ff9b::127.0.0.1",
  "64:ff9b::a00:1",
  "64:ff9b::a9fe:a9fe",
  "64:ff9b:1::8.8.8.8",
  "2002:7f00:1::",
  "2002:808:808::",
  "2002:a9fe:a9fe::1",
  // No addresses at all.
  "",
  "localhost",
  "127.1",
  "0x7f.0.0.1",
  "017700000001",
  "8.8.8.8 ",
  "[2606:4700:4700::1111]",
];

describe("isPublicAddress", () => {
  test("tells addresses of the Internet from all others", () => {
    expect(PUBLIC.filter((address) => !isPublicAddress(address))).toEqual([]);
    expect(NOT_PUBLIC.filter((address) => isPublicAddress(address))).toEqual([]);
  });

  test("judges an IPv4 address the same in whatever way IPv6 carries it", () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        const isPublic = isPublicAddress(address);
        expect(isPublicAddress(`::ffff:${address}`)).toBe(isPublic);
        expect(isPublicAddress(`64:ff9b::${address}`)).toBe(isPublic);
        expect(isPublicAddress(`::${address}`)).toBe(false);
      }),
    );
  });

  test("finds only unicast of the Internet public in IPv6", () => {
    fc.assert(
      fc.property(fc.ipV6(), (address) => {
        if (!isPublicAddress(address)) return;
        const [first = ""] = address.split(":");
        const isGlobal = /^[23][0-9a-f]{3}$/i.test(first);
        const carriesV4 =
          /^(?:0*:|0*64:ff9b:)/i.test(address) || isIPv4(address.split(":").at(-1) ?? "");
        expect(isGlobal || carriesV4).toBe(true);
      }),
    );
  });
});

describe("addressList", () => {
  test("has its addresses and ranges, and IPv4 in the costume of IPv6", () => {
    const list = addressList(["10.1.2.3", "192.168.0.0/16", "fd00::/8", "::1"]);
    const inside = [
      "10.1.2.3",
      "::ffff:10.1.2.3",
      "192.168.255.1",
      "fdff::1",
      "::1",
      "0:0:0:0:0:0:0:1",
    ];
    const outside = [
      "10.1.2.4",
      "192.169.0.1",
      "fe80::1",
      "fe80::1%1",
      "::2",
      "127.0.0.1",
      "64:ff9b::a01:203",
      "x",
      "",
    ];
    expect(inside.filter((address) => !list.has(address))).toEqual([]);
    expect(outside.filter((address) => list.has(address))).toEqual([]);
    expect(addressList([]).has("127.0.0.1")).toBe(false);
  });

  test("names the entry that is neither an address nor a range", () => {
    for (const entry of [
      "",
      "localhost",
      "10.0.0.0/33",
      "10.0.0.0/-1",
      "10.0.0.0/",
      "10.0.0.0/8/8",
      "::/129",
      "10.1",
      "10.0.0.0/8x",
      "fe80::1%eth0",
      "*",
    ])
      expect(() => addressList(["10.0.0.1", entry])).toThrow(new RangeError(entry));
  });
});
