package lang

import (
	"errors"
	"fmt"
	"math/big"
	"net/netip"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

func networkFunctions(table map[string]function.Function) {
	table["cidrhost"] = function.New(&function.Spec{
		Params: []function.Parameter{text("prefix"), number("hostnum")},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			prefix, err := parsePrefix(args[0])
			if err != nil {
				return cty.NilVal, err
			}
			n, accuracy := args[1].AsBigFloat().Int(nil)
			if accuracy != big.Exact {
				return cty.NilVal, function.NewArgErrorf(1, "a whole number is needed")
			}
			addr, err := hostAddress(prefix, n)
			if err != nil {
				return cty.NilVal, err
			}
			return cty.StringVal(addr.String()), nil
		},
	})
	table["cidrnetmask"] = textFunction("prefix", func(s string) (string, error) {
		prefix, err := parsePrefix(cty.StringVal(s))
		if err != nil {
			return "", err
		}
		if !prefix.Addr().Is4() {
			return "", errors.New("only IPv4 networks have a netmask")
		}
		mask := netip.AddrFrom4([4]byte{255, 255, 255, 255})
		masked, err := mask.Prefix(prefix.Bits())
		return masked.Addr().String(), err
	})
	table["cidrsubnet"] = function.New(&function.Spec{
		Params: []function.Parameter{text("prefix"), number("newbits"), number("netnum")},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			prefix, err := parsePrefix(args[0])
			if err != nil {
				return cty.NilVal, err
			}
			bits, _ := args[1].AsBigFloat().Int64()
			n, accuracy := args[2].AsBigFloat().Int(nil)
			if accuracy != big.Exact {
				return cty.NilVal, function.NewArgErrorf(2, "a whole number is needed")
			}
			subnet, err := subnet(prefix, int(bits), n)
			if err != nil {
				return cty.NilVal, err
			}
			return cty.StringVal(subnet.String()), nil
		},
	})
	table["cidrsubnets"] = subnetsFunction()
}

func parsePrefix(v cty.Value) (netip.Prefix, error) {
	prefix, err := netip.ParsePrefix(v.AsString())
	if err != nil {
		return prefix, function.NewArgErrorf(0, "%q is not a network; write one like \"10.1.0.0/16\"", v.AsString())
	}
	return prefix.Masked(), nil
}

// offset adds n to an address; ok is false where that leaves the address family.
func offset(addr netip.Addr, n *big.Int) (netip.Addr, bool) {
	sum := new(big.Int).SetBytes(addr.AsSlice())
	sum.Add(sum, n)
	if sum.Sign() < 0 || sum.BitLen() > addr.BitLen() {
		return netip.Addr{}, false
	}
	return netip.AddrFromSlice(sum.FillBytes(make([]byte, addr.BitLen()/8)))
}

// hostAddress is the network's host of number n; a negative n counts from the end.
func hostAddress(prefix netip.Prefix, n *big.Int) (netip.Addr, error) {
	size := new(big.Int).Lsh(big.NewInt(1), uint(prefix.Addr().BitLen()-prefix.Bits()))
	index := new(big.Int).Set(n)
	if index.Sign() < 0 {
		index.Add(index, size)
	}
	if index.Sign() < 0 || index.Cmp(size) >= 0 {
		return netip.Addr{}, fmt.Errorf("network %s has no host number %s", prefix, n)
	}
	addr, ok := offset(prefix.Addr(), index)
	if !ok {
		return netip.Addr{}, fmt.Errorf("network %s has no host number %s", prefix, n)
	}
	return addr, nil
}

func subnet(prefix netip.Prefix, newbits int, n *big.Int) (netip.Prefix, error) {
	width := prefix.Addr().BitLen()
	length := prefix.Bits() + newbits
	if newbits < 0 || length > width {
		return netip.Prefix{}, fmt.Errorf("network %s can't be extended by %d bits", prefix, newbits)
	}
	if n.Sign() < 0 || n.BitLen() > newbits {
		return netip.Prefix{}, fmt.Errorf("%d bits don't hold subnet number %s", newbits, n)
	}
	addr, ok := offset(prefix.Addr(), new(big.Int).Lsh(n, uint(width-length)))
	if !ok {
		return netip.Prefix{}, fmt.Errorf("network %s has no subnet number %s", prefix, n)
	}
	return netip.PrefixFrom(addr, length), nil
}

// subnetsFunction lays subnets of the given sizes one after the other.
func subnetsFunction() function.Function {
	return function.New(&function.Spec{
		Params:   []function.Parameter{text("prefix")},
		VarParam: &function.Parameter{Name: "newbits", Type: cty.Number},
		Type:     function.StaticReturnType(cty.List(cty.String)),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			prefix, err := parsePrefix(args[0])
			if err != nil {
				return cty.NilVal, err
			}
			if len(args) == 1 {
				return cty.ListValEmpty(cty.String), nil
			}
			next := prefix.Addr()
			var out []cty.Value
			for i, arg := range args[1:] {
				bits, _ := arg.AsBigFloat().Int64()
				length := prefix.Bits() + int(bits)
				if bits < 1 || length > next.BitLen() {
					return cty.NilVal, function.NewArgErrorf(i+1, "network %s can't be extended by %d bits", prefix, bits)
				}
				size := new(big.Int).Lsh(big.NewInt(1), uint(next.BitLen()-length))
				start := netip.PrefixFrom(next, length).Masked().Addr()
				if start != next {
					// Round up to where a network of this size may begin.
					start, _ = offset(start, size)
				}
				if !start.IsValid() || !prefix.Contains(start) {
					return cty.NilVal, function.NewArgErrorf(i+1, "not enough addresses are left in %s", prefix)
				}
				out = append(out, cty.StringVal(netip.PrefixFrom(start, length).String()))
				if next, _ = offset(start, size); !next.IsValid() && i+2 < len(args) {
					return cty.NilVal, function.NewArgErrorf(i+2, "not enough addresses are left in %s", prefix)
				}
			}
			return cty.ListVal(out), nil
		},
	})
}
