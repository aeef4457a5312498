// Command metrics-server is sigs.k8s.io/metrics-server with a resolution of seconds. The original refuses less than ten,
// which is right for a cluster and too slow for a lab that has to show usage right after its start.
package main

import (
	"log"
	"os"
	"time"

	"github.com/spf13/pflag"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"sigs.k8s.io/metrics-server/cmd/metrics-server/app/options"
)

const resolution = 2 * time.Second

func main() {
	opts := options.NewOptions()
	flags := pflag.NewFlagSet("metrics-server", pflag.ExitOnError)
	for _, set := range opts.Flags().FlagSets {
		flags.AddFlagSet(set)
	}
	if err := run(opts, flags); err != nil {
		log.Fatal(err)
	}
}

func run(opts *options.Options, flags *pflag.FlagSet) error {
	ctx := genericapiserver.SetupSignalContext()
	if err := flags.Parse(os.Args[1:]); err != nil {
		return err
	}
	opts.MetricResolution = resolution
	opts.KubeletClient.KubeletRequestTimeout = resolution / 2
	config, err := opts.ServerConfig()
	if err != nil {
		return err
	}
	server, err := config.Complete()
	if err != nil {
		return err
	}
	return server.RunUntil(ctx.Done())
}
